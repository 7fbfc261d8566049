import type { Step } from "@skipstep/core/plugin";
import type { EasyCacheOptions } from "./options";
import type { Rule, Verdict } from "./rule";

/** Where few of the steps were computed yet a reuse does most harm, and where most were, least. */
const early = { below: 0.2, factor: 0.5 };
const late = { above: 0.8, factor: 1.5 };
/** What each reuse in a row adds to the next one's change. */
const growth = 0.5;
/** Weight of the last change in the mean of changes, and of that mean in the scale. */
const newest = 0.2;
const gain = 1.6;
const least = 1e-6;

/** UCache, stable-diffusion.cpp's rule for U-Nets. */
export class URule implements Rule {
  private error = 0;
  private computedSteps = 0;
  private reusedInRow = 0;
  /** Exponential moving mean of the changes of predictions. */
  private meanChange: number | undefined;

  /** @param count steps of the generation */
  constructor(
    private readonly options: EasyCacheOptions,
    private readonly threshold: number,
    private readonly count: number,
  ) {}

  isActive({ index }: Step): boolean {
    // In float32, as there.
    const at = (share: number): number =>
      Math.min(Math.trunc(Math.fround(Math.fround(share) * this.count)), this.count - 1);
    return index >= at(this.options.start) && index < at(this.options.end);
  }

  judge(expected: number, norm: number): Verdict {
    const { decay, relative, reset } = this.options;
    const rate = (expected / (relative ? this.scaleBy(norm) : 1)) * (1 + growth * this.reusedInRow);
    const accumulated = this.error * decay + rate;
    const threshold = this.threshold * this.factor() * (relative ? 1 : norm);
    const reuse = accumulated < threshold;
    this.error = reuse || !reset ? accumulated : 0;
    if (reuse) this.reusedInRow++;
    return { reuse, rate, accumulated, threshold };
  }

  computed(change: number): void {
    this.computedSteps++;
    this.reusedInRow = 0;
    if (change > 0 && Number.isFinite(change))
      this.meanChange = this.meanChange === undefined ? change : (1 - newest) * this.meanChange + newest * change;
  }

  private scaleBy(norm: number): number {
    const base = Math.max(norm, least);
    return Math.sqrt(base * (this.meanChange === undefined ? base : Math.max(gain * this.meanChange, least)));
  }

  private factor(): number {
    const progress = this.computedSteps / this.count;
    if (progress < early.below) return early.factor;
    return progress > late.above ? late.factor : 1;
  }
}
