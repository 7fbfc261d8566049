import type { Floats } from "../tensor";

/** A model's prediction, and the variance that it predicts in further channels if it does. */
export interface SplitOutput {
  readonly output: Float32Array;
  readonly variance: Float32Array | undefined;
}

/** Splits `[B, 2 C, ...]` into two of the sample's `[B, C, ...]`; an output of the sample's shape has no variance. */
export function splitLearnedVariance(modelOutput: Floats, sample: Floats): SplitOutput {
  if (modelOutput.data.length !== 2 * sample.data.length) return { output: modelOutput.data, variance: undefined };
  const size = sample.data.length / sample.shape[0]!;
  const output = new Float32Array(sample.data.length);
  const variance = new Float32Array(sample.data.length);
  for (let start = 0; start < sample.data.length; start += size) {
    output.set(modelOutput.data.subarray(2 * start, 2 * start + size), start);
    variance.set(modelOutput.data.subarray(2 * start + size, 2 * start + 2 * size), start);
  }
  return { output, variance };
}
