import { type History, type Rules, type Verdict, verdict } from "./decision";

/** What one run did, and what its rules make of that. Steps are counted from the last refresh. */
export class RunState implements History {
  readonly cached: number[] = [];
  accumulated = 0;
  /** The last step that was measured, and what was found, in order. */
  private measuredStep = -1;
  private differences: number[] = [];

  /** @param start index of the step that counts as step 0 @param steps in all, from there on */
  constructor(
    private readonly rules: Rules,
    readonly start: number,
    private readonly steps: number,
  ) {}

  verdict(step: number, threshold = this.rules.threshold): Verdict {
    return verdict({ ...this.rules, threshold }, this, step);
  }

  /** Of the next step, if this one is computed. */
  ahead(step: number): Verdict {
    return step + 1 < this.steps ? this.verdict(step + 1) : "compute";
  }

  /** Whether any later step may be reused. */
  reusesLater(step: number): boolean {
    for (let later = step + 1; later < this.steps; later++) if (this.verdict(later) !== "compute") return true;
    return false;
  }

  reused(step: number): void {
    if (this.cached.at(-1) !== step) this.cached.push(step);
  }

  /** The sum takes one difference a step, and only what is a finite number. */
  measured(step: number, difference: number): void {
    if (this.measuredStep !== step) {
      this.differences = [];
      if (difference > 0 && Number.isFinite(difference)) this.accumulated += difference;
    }
    this.measuredStep = step;
    this.differences.push(difference);
  }

  measuredAt(step: number): readonly number[] {
    return this.measuredStep === step ? this.differences : [];
  }
}
