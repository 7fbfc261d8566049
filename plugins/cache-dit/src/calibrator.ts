import { TaylorSeries } from "@skipstep/caching";
import type { DeviceTensor } from "@skipstep/core/plugin";
import { Dmd } from "./dmd";
import { FoCa } from "./foca";
import type { CacheDitOptions } from "./options";

/** As cache-dit counts: there are no derivatives before the third step after the first computed one. */
export const taylorDelay = 2;

/** How one stream is continued over the steps that are not computed. One a stream, and a run. */
export interface Calibrator {
  /** Before a step is computed: lets go of what `update` will not look at, so that the model has the room. */
  prepare(): void;
  /** @param value of a computed step, of the shape of those before */
  update(value: DeviceTensor, step: number): Promise<void>;
  /** What the value is at a later step. */
  approximate(step: number): Promise<DeviceTensor>;
  /** Lets go of everything. */
  release(): void;
}

/** Whether a stream is extrapolated. What is neither `hidden` nor `encoder` never is. */
export function isCalibrated(options: CacheDitOptions, stream: string): boolean {
  if (options.calibrator_type === null) return false;
  if (stream === "hidden") return options.enable_calibrator;
  return stream === "encoder" && options.enable_encoder_calibrator;
}

/** Whether what leaves the blocks is remembered without what entered them, so that nobody reads that at a reused step. */
export function remembersWhole(options: CacheDitOptions): boolean {
  const isWhole = options.calibrator_cache_type === "hidden_states";
  return isWhole && ["hidden", "encoder"].every((stream) => isCalibrated(options, stream));
}

export function createCalibrator(options: CacheDitOptions, stream: string): Calibrator {
  if (!isCalibrated(options, stream)) return new TaylorSeries(0, taylorDelay); // repeats the last value
  if (options.calibrator_type === "foca") return new FoCa();
  if (options.calibrator_type === "taylorseer") return new TaylorSeries(options.taylorseer_order, taylorDelay);
  const { dmd_history: history, dmd_rank: rank, dmd_ridge: ridge } = options;
  return new Dmd({ history, rank, ridge }, taylorDelay);
}
