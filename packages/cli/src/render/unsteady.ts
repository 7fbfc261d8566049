/** Longest over shortest from which on times of equal work are not to be trusted. */
const unsteady = 1.5;

/** A warning where equal work took times that differ much. @param seconds of the same config, any images of one size */
export function unsteadyWarnings(seconds: readonly number[]): string[] {
  const [shortest, longest] = [Math.min(...seconds), Math.max(...seconds)];
  if (longest <= unsteady * shortest) return [];
  return [
    `The same work took ${shortest.toFixed(2)} to ${longest.toFixed(2)} s: the machine does other things as well, and times are not sure. Images and skipped FLOPs are.`,
  ];
}
