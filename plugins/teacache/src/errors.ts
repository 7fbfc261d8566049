import { optionUnfit, type SkipstepError } from "@skipstep/core/plugin";

/** There are no coefficients for the model. */
export function coefficientsMissing(className: string, known: readonly string[]): SkipstepError {
  return optionUnfit(
    "teacache",
    "coefficients",
    `must be given for ${className}: its authors have them for ${known.join(", ")} only`,
    "Find yours with: skipstep calibrate <config> --plugin teacache --prompts <file>",
  );
}

/** A polynomial needs more points than were measured. */
export function tooFewChanges(found: number, needed: number): SkipstepError {
  return optionUnfit(
    "teacache",
    "coefficients",
    `cannot be fitted to ${found} different changes; a polynomial needs ${needed} or more`,
    "Take more steps or more prompts.",
  );
}
