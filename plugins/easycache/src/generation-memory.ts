import { type Floats, floats, type GuidanceBranch, type Predictions, type Step } from "@skipstep/core/plugin";
import { PromptBranch } from "./prompt-branch";
import type { Rule, Verdict } from "./rule";

/** What the branch's last prediction was more than its input. */
interface Difference {
  readonly data: Float32Array;
  readonly step: number;
}

/** What is remembered of one generation, in the rule's window. */
export class GenerationMemory {
  private readonly prompt = new PromptBranch();
  private readonly differences = new Map<GuidanceBranch, Difference>();
  /** Of the prompt's branch: its last computed step, and how far the input of now moved since. */
  private promptStep = 0;
  private inputChange: number | undefined;
  /** The last step at which the prompt's prediction was reused. */
  reusedStep: number | undefined;

  constructor(private readonly rule: Rule) {}

  isActive(step: Step): boolean {
    return this.rule.isActive(step);
  }

  /** How far the prompt's input moved since its last computed step; `undefined` where there is none. */
  measure(input: Floats): number | undefined {
    this.inputChange = this.prompt.change(input.data);
    return this.inputChange;
  }

  /** Whether a branch was computed when the prompt's was, or later. */
  knows(branch: GuidanceBranch): boolean {
    const difference = this.differences.get(branch);
    return difference !== undefined && difference.step >= this.promptStep;
  }

  /** Of the prompt's branch; `undefined` where too little is known. A model that gives no numbers is not to be repeated. */
  judge(inputChange: number): Verdict | undefined {
    const { norm, rate } = this.prompt;
    if (rate === undefined || !(inputChange > 0) || !(norm > 0) || norm === Number.POSITIVE_INFINITY) return undefined;
    return this.rule.judge(rate * inputChange, norm);
  }

  /** What a branch predicts where it is not asked. */
  reuse(branch: GuidanceBranch, input: Floats): Floats {
    const { data } = this.differences.get(branch)!;
    return floats(
      input.shape,
      input.data.map((x, i) => x + data[i]!),
    );
  }

  /** Takes a computed step. @returns how the prompt's prediction changes with its input, where that was seen now */
  learn(input: Floats, predictions: Predictions, step: number): number | undefined {
    for (const [branch, { data }] of Object.entries(predictions) as [GuidanceBranch, Floats][])
      this.differences.set(branch, { data: data.map((y, i) => y - input.data[i]!), step });
    if (!predictions.cond) return undefined;
    const change = this.prompt.learn(input.data, predictions.cond.data, this.inputChange);
    this.rule.computed(change);
    this.promptStep = step;
    const isSeen = change > 0 && (this.inputChange ?? 0) > 0;
    return isSeen ? this.prompt.rate : undefined;
  }
}
