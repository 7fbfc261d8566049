import { optionUnfit, type SkipstepError } from "@skipstep/core/plugin";
import type { RuleName } from "./options";

/** Each rule is for one kind of model, as in stable-diffusion.cpp. */
export function ruleUnfit(rule: RuleName, className: string, fitting: RuleName): SkipstepError {
  const kinds = { easycache: "transformers", ucache: "U-Nets" };
  return optionUnfit(
    "easycache",
    "rule",
    `must be "${fitting}" or null for ${className}, found "${rule}", which is for ${kinds[rule]}`,
    "Leave it out.",
  );
}

/** Nothing lies between them. */
export function windowEmpty(start: number, end: number): SkipstepError {
  return optionUnfit(
    "easycache",
    "start",
    `must be below "end", ${end}, found ${start}`,
    "The usual are 0.15 and 0.95.",
  );
}
