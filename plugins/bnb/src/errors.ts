import { optionUnfit, SkipstepError } from "@skipstep/core/plugin";

/** A checkpoint of bitsandbytes that contradicts itself. @param problem `has no "x.absmax"` */
export function checkpointBroken(path: string, weight: string, problem: string): SkipstepError {
  return new SkipstepError(
    "SKIPSTEP_BNB_INVALID",
    `${path}: weight "${weight}" ${problem}. Download the checkpoint again, or quantize it again with bitsandbytes.`,
  );
}

/** Both widths at once. */
export function bothWidths(): SkipstepError {
  return optionUnfit("bnb", "load_in_8bit", "cannot be true beside load_in_4bit", "Keep one of them.");
}

/** @param option `load_in_4bit` @param format what reads the weights: `bnb` */
export function quantizedTwice(option: string, format: string): SkipstepError {
  return optionUnfit(
    "bnb",
    option,
    `would quantize weights that are quantized already (${format} reads them)`,
    "Leave it out, or give the checkpoint that is not quantized.",
  );
}

/** A line for the report. */
export function patternUnused(pattern: string): string {
  return `llm_int8_skip_modules has "${pattern}", which is no linear layer of the model and no module that one lies in: it kept nothing as it is.`;
}
