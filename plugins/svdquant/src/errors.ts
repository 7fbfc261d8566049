import { optionUnfit, SkipstepError } from "@skipstep/core/plugin";

/** A file of SVDQuant that contradicts itself or nunchaku's layout. @param problem `has no "x.wscales"` */
export function layoutBroken(path: string, layer: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SVDQUANT_LAYOUT",
    `${path}: layer "${layer}" ${problem}. Give a file that nunchaku or skipstep wrote, or write it again.`,
  );
}

/** @param precision `nvfp4` */
export function precisionUnread(path: string, layer: string, precision: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SVDQUANT_PRECISION",
    `${path}: layer "${layer}" is ${precision}, which no kernel here takes. Give the int4 file of the same model.`,
  );
}

/** A branch of full rank or more is no saving. */
export function rankTooLarge(rank: number, weight: string, shape: readonly number[]): SkipstepError {
  return optionUnfit(
    "svdquant",
    "rank",
    `is ${rank}, which is not below both sides of "${weight}" [${shape.join(", ")}]`,
    `Give at most ${Math.min(...shape) - 1}, or leave the layer as it is with "skip".`,
  );
}

/** No layer is left to quantize. */
export function nothingToQuantize(className: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_SVDQUANT_NOTHING",
    `${className || "The component"} has no linear layer in a block that is left to quantize. Give a transformer or a U-Net with attention, and skip less.`,
  );
}

/** A line for reports. */
export function patternUnused(pattern: string): string {
  return `skip has "${pattern}", which fits no linear layer that would be quantized: it kept nothing as it is.`;
}
