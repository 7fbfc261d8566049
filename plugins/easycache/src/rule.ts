import type { Step } from "@skipstep/core/plugin";

/** What is made of the change that is expected of a prediction. */
export interface Verdict {
  readonly reuse: boolean;
  /** For the report: the change of this step, what it comes to with those before, and what that is held against. */
  readonly rate: number;
  readonly accumulated: number;
  readonly threshold: number;
}

/** When predictions of one generation are reused, by the prompt's branch. It is told of steps in its window only. */
export interface Rule {
  /** Whether a step lies in the window; those outside are computed and forgotten. */
  isActive(step: Step): boolean;
  /** @param expected mean change of the prediction since the last computed step @param norm mean of |prediction| then */
  judge(expected: number, norm: number): Verdict;
  /** A step was computed. @param change mean change of the prediction since the computed step before; NaN if there is none */
  computed(change: number): void;
}
