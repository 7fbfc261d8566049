import { optionUnfit, type SkipstepError, type Structure } from "@skipstep/core/plugin";
import type { CacheDitOptions } from "./options";

/** More blocks are to run always than the model has. */
export function tooManyBlocks(
  { Fn_compute_blocks: first, Bn_compute_blocks: last }: CacheDitOptions,
  { className, blocks }: Structure,
): SkipstepError {
  return optionUnfit(
    "cache-dit",
    "Fn_compute_blocks + Bn_compute_blocks",
    `must be at most ${blocks.length}, the blocks of ${className}, found ${first} + ${last}`,
    'Usual is "Fn_compute_blocks": 1, or a few.',
  );
}

/** The mask's first step has nothing to reuse. */
export function maskBeginsEmpty(): SkipstepError {
  return optionUnfit(
    "cache-dit",
    "steps_computation_mask",
    "must begin with 1, found 0",
    "The first step has nothing to reuse.",
  );
}

export function maskLength(found: number, steps: number): SkipstepError {
  return optionUnfit(
    "cache-dit",
    "steps_computation_mask",
    `must have ${steps} entries, one for each step of the generation, found ${found}`,
    'A preset fits most numbers of steps: "steps_computation_mask": "medium".',
  );
}

export function presetMissing(name: string, steps: number): SkipstepError {
  return optionUnfit(
    "cache-dit",
    `steps_computation_mask "${name}"`,
    `is known for 4, 6, 8 and more steps, found ${steps}`,
    "Write the mask as a list, or take another number of steps.",
  );
}
