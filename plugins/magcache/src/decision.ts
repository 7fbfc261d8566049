import type { MagCacheOptions } from "./options";

/** What was skipped since the last computed step. */
export interface Skipped {
  /** Product of the ratios: how the residual's magnitude changed. */
  ratio: number;
  /** Sum of what the product was off from 1 at each step. */
  error: number;
  steps: number;
}

export const nothingSkipped: Readonly<Skipped> = { ratio: 1, error: 0, steps: 0 };

/** Steps at the start that are always computed. */
export function retainedSteps({ retention_ratio }: MagCacheOptions, count: number): number {
  return Math.trunc(retention_ratio * count + 0.5);
}

/** What it would come to if one more step were skipped. In float32, as diffusers adds up. */
export function oneMore({ ratio, error, steps }: Readonly<Skipped>, next: number): Skipped {
  const product = Math.fround(ratio * Math.fround(next));
  return { ratio: product, error: Math.fround(error + Math.fround(Math.abs(1 - product))), steps: steps + 1 };
}

/** Whether that much may be skipped. */
export function isAllowed({ error, steps }: Skipped, { threshold, max_skip_steps }: MagCacheOptions): boolean {
  return error <= Math.fround(threshold) && steps <= max_skip_steps;
}
