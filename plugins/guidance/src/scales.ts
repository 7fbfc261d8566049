import type { GuidanceCall } from "@skipstep/core/plugin";
import type { GuidanceOptions } from "./options";

/** How strongly a step is guided, and from where on. */
export interface Strength {
  readonly scale: number;
  /** `cond + scale (cond - uncond)` instead of `uncond + scale (cond - uncond)`. */
  readonly fromCond: boolean;
}

/** What options and generation come to. A scale from the one prediction is 1 less than from the other. */
export function strengthOf(
  { guider, guidance_scale, use_original_formulation: original }: GuidanceOptions,
  { base, step }: Pick<GuidanceCall, "base" | "step">,
): Strength {
  const isOwn = guidance_scale !== null || guider === "FrequencyDecoupledGuidance";
  const fromCond = original ?? (isOwn ? false : base === "cond");
  if (guidance_scale !== null) return { scale: guidance_scale, fromCond };
  const shift = Number(base === "cond") - Number(fromCond);
  return { scale: step.guidanceScale + shift, fromCond };
}

/** Whether a scale leaves the prompt's prediction as it is. */
export function isNeutral(scale: number, fromCond: boolean): boolean {
  const neutral = fromCond ? 0 : 1;
  return Math.abs(scale - neutral) <= 1e-9 * Math.max(Math.abs(scale), neutral);
}
