import { optionUnfit, type SkipstepError } from "@skipstep/core/plugin";

/** They depend on the model, and none are given. */
export function ratiosMissing(className: string): SkipstepError {
  return optionUnfit(
    "magcache",
    "mag_ratios",
    `must be given for ${className}`,
    "Find them with: skipstep calibrate <config> --plugin magcache --prompts <file>",
  );
}

/** Nothing was recorded, as in a generation of one step. */
export function ratiosUnmeasured(): SkipstepError {
  return optionUnfit("magcache", "mag_ratios", "cannot be found in a generation of one step", "Take more steps.");
}
