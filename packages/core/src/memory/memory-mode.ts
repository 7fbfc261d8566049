/**
 * When weights are in memory: `resident` from opening to closing, `component` those of one component at a time,
 * `sequential` those of one segment of a component at a time. All give the same image, bit for bit.
 */
export const memoryModes = ["resident", "sequential", "component"] as const;

/** One of `memoryModes`. */
export type MemoryMode = (typeof memoryModes)[number];
