import type { CacheDitOptions } from "./options";

/** The options that decide, for a run of a certain number of steps. */
export interface Rules
  extends Pick<
    CacheDitOptions,
    | "max_warmup_steps"
    | "warmup_interval"
    | "max_cached_steps"
    | "max_continuous_cached_steps"
    | "max_accumulated_residual_diff_threshold"
    | "steps_computation_policy"
  > {
  readonly threshold: number;
  /** By step: 1 computes it. */
  readonly mask: readonly number[] | null;
}

/** What a run did so far. */
export interface History {
  /** Steps at which something was reused, in order. */
  readonly cached: readonly number[];
  /** Sum of the measured differences, one a step. */
  readonly accumulated: number;
}

/**
 * `compute`; `masked`, reuse because a static mask says so; `always`, reuse at any difference; `measure`, reuse where
 * the difference is below the threshold.
 */
export type Verdict = "compute" | "masked" | "always" | "measure";

/** What becomes of a step of which something is stored: cache-dit's rules, the first that answers. */
export function verdict(rules: Rules, { cached, accumulated }: History, step: number): Verdict {
  const { mask, threshold, max_accumulated_residual_diff_threshold: most } = rules;
  if (isWarmup(rules, step)) return "compute";
  if (mask?.[step] === 1) return "compute";
  if (mask && rules.steps_computation_policy === "static") return "masked";
  if (isReached(rules.max_cached_steps, cached.length)) return "compute";
  if (isReached(rules.max_continuous_cached_steps, streakBefore(cached, step))) return "compute";
  if (most !== null && most > 0 && accumulated >= most) return "compute";
  if (threshold <= 0) return "compute";
  return threshold >= 1 ? "always" : "measure";
}

/** Steps 0, `interval`, 2 `interval`, ... of the warm-up, which a mask ends at its first zero. */
function isWarmup({ mask, max_warmup_steps, warmup_interval }: Rules, step: number): boolean {
  const ones = mask?.findIndex((entry) => entry !== 1) ?? -1;
  const end = ones < 0 ? max_warmup_steps : Math.min(max_warmup_steps, ones);
  return step < end && step % warmup_interval === 0;
}

function isReached(limit: number, count: number): boolean {
  return limit >= 0 && count >= limit;
}

/** Cached steps in a row right before a step; 0 where that was cached itself, and so was within the limit. */
function streakBefore(cached: readonly number[], step: number): number {
  let streak = 0;
  while (cached.at(-1 - streak) === step - 1 - streak) streak++;
  return streak;
}
