import { generatorMissing } from "../errors/schedulers";
import type { Generator } from "../random";

/** As many normal draws as `like` has elements. @throws SKIPSTEP_SCHEDULER_NEEDS_GENERATOR */
export function drawNoise(scheduler: string, generator: Generator | undefined, like: Float32Array): Float32Array {
  if (generator === undefined) throw generatorMissing(scheduler);
  return generator.randn(like.length);
}
