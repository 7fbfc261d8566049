import { optionUnfit, type SkipstepError } from "@skipstep/core/plugin";

const PLUGIN = "deepcache";

/** The U-Net has fewer branches. */
export function branchUnfit(branch: number, last: number, className: string): SkipstepError {
  return optionUnfit(
    PLUGIN,
    "cache_branch_id",
    `must be 0 to ${last}, the branches of this ${className}, found ${branch}`,
    "Take a smaller one: 0 saves most.",
  );
}

/** The generation ends before the step that full steps are to lie around. */
export function centerUnfit(center: number, count: number): SkipstepError {
  return optionUnfit(
    PLUGIN,
    "center",
    `must be below ${count}, the steps of the generation, found ${center}`,
    "Take a smaller one, or more steps.",
  );
}

/** No exponent down to 1 gives as many different steps as the interval asks for. */
export function powUnfit(pow: number, center: number, fullSteps: number, count: number): SkipstepError {
  return optionUnfit(
    PLUGIN,
    "pow",
    `gives no ${fullSteps} different full steps of ${count} around step ${center}, from ${pow} down to 1`,
    "Take another center or cache_interval.",
  );
}
