import type { Step } from "@skipstep/core/plugin";
import { isBetween } from "./noise-window";
import type { EasyCacheOptions } from "./options";
import type { Rule, Verdict } from "./rule";

/** EasyCache, https://arxiv.org/abs/2507.02860, as stable-diffusion.cpp has it. */
export class EasyRule implements Rule {
  private accumulated = 0;

  constructor(
    private readonly options: EasyCacheOptions,
    private readonly threshold: number,
  ) {}

  isActive(step: Step): boolean {
    return isBetween(step, this.options);
  }

  /** Each change is since the last computed step, so that a run of reuses counts its drift 1 + 2 + 3 ... times. */
  judge(expected: number, norm: number): Verdict {
    const { threshold } = this;
    const rate = expected / norm;
    const accumulated = this.accumulated + rate;
    const reuse = accumulated < threshold;
    this.accumulated = reuse ? accumulated : 0;
    return { reuse, rate, accumulated, threshold };
  }

  computed(): void {
    this.accumulated = 0;
  }
}
