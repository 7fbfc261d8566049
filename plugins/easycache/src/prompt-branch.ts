import { meanAbs, meanDifference } from "./means";

/** What is remembered of the prompt's branch at its last computed step. */
export class PromptBranch {
  private input: Float32Array | undefined;
  private prediction: Float32Array | undefined;
  /** Mean of |prediction|. */
  norm = 0;
  /** How much the prediction changes where the input changes by 1; `undefined` before it is known. */
  rate: number | undefined;

  /** How far the input moved since. `undefined` before there is one. */
  change(input: Float32Array): number | undefined {
    return this.input && meanDifference(input, this.input);
  }

  /**
   * Takes a computed step.
   * @param inputChange what `change` said of it
   * @returns mean change of the prediction since the computed step before; NaN if there is none
   */
  learn(input: Float32Array, prediction: Float32Array, inputChange: number | undefined): number {
    const change = this.prediction ? meanDifference(prediction, this.prediction) : Number.NaN;
    this.input = input;
    this.prediction = prediction;
    this.norm = meanAbs(prediction);
    const rate = change / (inputChange ?? 0);
    if (rate > 0 && Number.isFinite(rate)) this.rate = rate;
    return change;
  }
}
