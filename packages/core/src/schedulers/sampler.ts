import type { Mixture } from "./prediction";

/** One call of the model in a generation. */
export interface Call {
  /** 0-based. */
  readonly index: number;
  /** Before the step; a whole batch, one image after the other. */
  readonly sample: Float32Array;
  /** What the model predicted, of the sample's size. */
  readonly output: Float32Array;
  /** The variance that the model predicts in further channels, if it does. */
  readonly variance: Float32Array | undefined;
  readonly shape: readonly number[];
  /** Images in the sample. */
  readonly batch: number;
  /** As many normal draws as the sample has elements. @throws SKIPSTEP_SCHEDULER_NEEDS_GENERATOR */
  noise(): Float32Array;
}

/**
 * What a class of schedulers does its own way over one generation; `defineScheduler` makes a `Scheduler` of it. What a
 * step leaves to the next stays in variables of `create`.
 */
export interface Sampler {
  readonly timesteps: Float32Array;
  /** Noise level before each call, and after the last one. */
  readonly sigmas: Float32Array;
  /** Latents start as unit noise times this; 1 when left out. */
  readonly initNoiseSigma?: number;
  /** Model calls for one inference step: 1 when left out, 2 for second-order methods. */
  readonly order?: number;
  /** Whether `timesteps` may still change while it steps: a model's values of time are then computed at each call. */
  readonly adaptive?: boolean;
  /** What a sample holds before call `index`; image-to-image needs it. */
  mixture?(index: number): Mixture;
  /** The sample as the model wants to see it; as it is when left out. */
  scaleModelInput?(sample: Float32Array, index: number): Float32Array;
  /** The sample after a call. */
  step(call: Call): Float32Array;
  /** The clean sample that an output implies, where it follows from more than `prediction_type`; for previews. */
  predictedImage?(call: Call): Float32Array;
}
