import type { Matrix } from "@skipstep/lowbit";
import { describe, expect, it } from "vitest";
import { quantizeLinear, smoothedHessian } from "../src/algorithm/quantize-linear";
import { searchSmoothing } from "../src/algorithm/search-smoothing";
import { smoothingScales, strengths, weightSpans } from "../src/algorithm/smoothing";
import { symmetricEigen } from "../src/algorithm/symmetric-eigen";
import { residualOf, truncatedSvd } from "../src/algorithm/truncated-svd";

/** Numbers that look random and are the same each time. */
function numbers(count: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

function product(a: Matrix, b: Matrix): Matrix {
  const values = new Float32Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.columns; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.values[i * a.columns + k]! * b.values[k * b.columns + j]!;
      values[i * b.columns + j] = sum;
    }
  return { values, rows: a.rows, columns: b.columns };
}

const size = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

describe("truncatedSvd", () => {
  const rank = 3;
  const low = product(
    { values: numbers(37 * rank), rows: 37, columns: rank },
    { values: numbers(rank * 53, 2), rows: rank, columns: 53 },
  );

  it("finds a matrix of low rank exactly", () => {
    expect(size(residualOf(low, truncatedSvd(low, rank))) / size(low.values)).toBeLessThan(1e-6);
  });

  it("is as near as any matrix of that rank: what is left are the other singular values", () => {
    const matrix = { values: numbers(41 * 30, 3), rows: 41, columns: 30 };
    const gram = new Float64Array(30 * 30);
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < 30; j++)
        for (let n = 0; n < 41; n++) gram[i * 30 + j]! += matrix.values[n * 30 + i]! * matrix.values[n * 30 + j]!;
    const { values } = symmetricEigen(gram, 30);
    const rest = Math.sqrt(values.subarray(5).reduce((sum, value) => sum + value, 0));
    const found = size(residualOf(matrix, truncatedSvd(matrix, 5)));
    expect(found / rest).toBeGreaterThan(0.999999);
    expect(found / rest).toBeLessThan(1.01);
  });

  it("gives nothing for rank 0, and the same each time", () => {
    expect(truncatedSvd(low, 0).up).toHaveLength(0);
    expect(truncatedSvd(low, 2).up).toEqual(truncatedSvd(low, 2).up);
  });
});

describe("smoothing", () => {
  it("tries nothing, then inputs alone, then both", () => {
    expect(strengths(2)).toEqual([
      { alpha: 0, beta: 0 },
      { alpha: 0.5, beta: 0 },
      { alpha: 0.5, beta: 0.5 },
    ]);
    expect(strengths(1)).toEqual([{ alpha: 0, beta: 0 }]);
  });

  it("leaves dead channels alone, and everything where a scale is not finite", () => {
    const inputs = Float32Array.of(4, 0, 9);
    const spans = { inputs, weights: Float32Array.of(1, 1, 4) };
    expect([...smoothingScales(spans, { alpha: 0.5, beta: 0.5 })]).toEqual([2, 1, 1.5]);
    const dead = { inputs, weights: Float32Array.of(1, 1, 0) };
    expect([...smoothingScales(dead, { alpha: 0.5, beta: 0.5 })]).toEqual([1, 1, 1]);
  });

  const weight = { values: numbers(32 * 64), rows: 32, columns: 64 };
  const inputs = { values: numbers(48 * 64, 5), rows: 48, columns: 64 };
  for (let t = 0; t < 48; t++) inputs.values[t * 64 + 7]! *= 40; // a channel of outliers
  const spans = { inputs: weightSpans([inputs]), weights: weightSpans([weight]) };
  const plain = { rank: 0, iterations: 1, activationBits: 4, group: 64 } as const;

  it("is searched so that outputs suffer least", async () => {
    const strength = await searchSmoothing([weight], inputs, spans, { ...plain, grid: 4 }, async () => undefined);
    expect(strength.alpha).toBeGreaterThan(0);
    const error = (given: { alpha: number; beta: number }): number =>
      quantizeLinear(weight, smoothingScales(spans, given), inputs, plain).error;
    for (const other of strengths(4)) expect(error(strength)).toBeLessThanOrEqual(1.0001 * error(other));
  });

  it("and branch, refinement and GPTQ each make it better", () => {
    const smooth = smoothingScales(spans, { alpha: 0.5, beta: 0.5 });
    const error = (more: object): number => quantizeLinear(weight, smooth, inputs, { ...plain, ...more }).error;
    expect(error({ rank: 8 })).toBeLessThan(error({}));
    expect(error({ rank: 8, iterations: 20 })).toBeLessThanOrEqual(error({ rank: 8 }));
    const options = { ...plain, rank: 8, activationBits: 16 } as const;
    const hessian = smoothedHessian(inputs, smooth);
    const { error: corrected } = quantizeLinear(weight, smooth, inputs, options, hessian);
    expect(corrected).toBeLessThan(quantizeLinear(weight, smooth, inputs, options).error);
  });
});
