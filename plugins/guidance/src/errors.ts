import { optionUnfit, type SkipstepError } from "@skipstep/core/plugin";

/** A list that has one value a level, for another number of levels. */
export function levelsDiffer(option: string, found: number, levels: number): SkipstepError {
  return optionUnfit(
    "guidance",
    option,
    `must be one number, or one for each of the ${levels} guidance_scales, found ${found}`,
    "Give as many as there are levels.",
  );
}

/** A list where a guider takes one number. */
export function listUnfit(option: string, guider: string): SkipstepError {
  return optionUnfit("guidance", option, `must be a number for ${guider}, found a list`, "Give one number.");
}

/** An axis that predictions have not. */
export function axisUnknown(axis: number, shape: readonly number[]): SkipstepError {
  return optionUnfit(
    "guidance",
    "adaptive_projected_guidance_norm_dim",
    `must name axes of predictions [${shape.join(", ")}], found ${axis}`,
    `Give axes from ${-shape.length} to ${shape.length - 1}, or null.`,
  );
}

/** An image that is too small for a pyramid. */
export function levelsTooMany(levels: number, height: number, width: number): SkipstepError {
  return optionUnfit(
    "guidance",
    "guidance_scales",
    `must be fewer than ${levels} levels for predictions of ${height} x ${width}: a level that is halved has 3 rows and columns or more`,
    "Give fewer scales, or draw a larger image.",
  );
}
