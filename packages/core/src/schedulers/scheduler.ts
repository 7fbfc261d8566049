import type { Generator } from "../random";
import type { Floats } from "../tensor";

/** How one generation is spaced; what diffusers passes to `set_timesteps`. */
export interface Schedule {
  readonly num_inference_steps: number;
  /** Noise levels chosen by the pipeline instead of the scheduler's own spacing, first is noisiest. */
  readonly sigmas?: readonly number[];
  /** Timesteps chosen by the caller. */
  readonly timesteps?: readonly number[];
  /** Shift of flow-matching schedulers with `use_dynamic_shifting`; from the image's number of tokens. */
  readonly mu?: number;
}

/**
 * One noise schedule over one generation. A scheduler object is made for a generation and holds its state
 * (earlier outputs of multistep methods), so nothing is left over for the next.
 */
export interface Scheduler {
  /** What the model is told at each call, float32; longer than `num_inference_steps` for second-order methods. */
  readonly timesteps: Float32Array;
  /** Noise level before each call, and after the last one. */
  readonly sigmas: Float32Array;
  /** Latents start as unit noise times this. */
  readonly initNoiseSigma: number;
  /** Model calls for one inference step: 1, or 2 for second-order methods. */
  readonly order: number;
  /** Whether `timesteps` may still change while it steps; what depends on them alone is then computed at each call. */
  readonly adaptive?: boolean;
  /** The sample as the model wants to see it before call `index`. */
  scaleModelInput(sample: Floats, index: number): Floats;
  /**
   * The sample after call `index`.
   * @param modelOutput what the model predicted, of `sample`'s shape
   * @param generator where stochastic methods draw their noise
   */
  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats;
  /** The clean sample that an output implies, where it follows from more than `prediction_type`; for previews. */
  predictedImage?(modelOutput: Floats, index: number, sample: Floats): Floats;
  /** The sample at call `index`'s noise level: image-to-image starts here. */
  addNoise?(original: Floats, noise: Floats, index: number): Floats;
}
