import { describe, expect, it } from "vitest";
import {
  awqClipped,
  awqScales,
  dequantize,
  gptq,
  Hessian,
  inverseFactor,
  type RoundingOptions,
  roundToNearest,
  scaleColumns,
} from "../src/index";

const [rows, columns, tokens] = [12, 40, 160];
const options: RoundingOptions = { bits: 4, scheme: "symmetric", per: 16 };

/** Uniform in -1..1, always the same. */
function random(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const weight = random(rows * columns, 1);
/** Inputs that depend on one another, of different sizes; one is always 0. */
const inputs = ((): Float32Array => {
  const [noise, common] = [random(tokens * columns, 2), random(tokens * 4, 3)];
  return noise.map((x, i) => {
    const [t, k] = [Math.floor(i / columns), i % columns];
    return k === 7 ? 0 : (0.3 * x + common[4 * t + (k % 4)]!) * (k % 9 === 0 ? 8 : 1);
  });
})();

/** Mean squared difference of the outputs. */
function outputError(back: Float32Array): number {
  let sum = 0;
  for (let t = 0; t < tokens; t++)
    for (let row = 0; row < rows; row++) {
      let difference = 0;
      for (let k = 0; k < columns; k++)
        difference += inputs[t * columns + k]! * (back[row * columns + k]! - weight[row * columns + k]!);
      sum += difference ** 2;
    }
  return sum / (tokens * rows);
}

const nearest = outputError(dequantize(roundToNearest(weight, rows, columns, options)));

it("finds the upper factor of an inverse", () => {
  const matrix = Float64Array.of(4, 2, 0.5, 2, 5, 1, 0.5, 1, 3);
  const factor = inverseFactor(matrix, 3)!;
  const at = (of: Float64Array, i: number, j: number): number => of[3 * i + j]!;
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) {
      if (j < i) expect(at(factor, i, j)).toBe(0);
      // U^T U H = I
      let sum = 0;
      for (let k = 0; k < 3; k++)
        for (let m = 0; m < 3; m++) sum += at(factor, m, i) * at(factor, m, k) * at(matrix, k, j);
      expect(sum).toBeCloseTo(i === j ? 1 : 0, 12);
    }
  expect(inverseFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
});

describe("gptq", () => {
  const hessian = new Hessian(columns);
  hessian.add(inputs.subarray(0, 50 * columns));
  hessian.add(inputs.subarray(50 * columns));

  it("keeps the outputs nearer than rounding to nearest, in either order and whatever the block", () => {
    for (const more of [{}, { actOrder: false }, { blockSize: 7 }]) {
      const error = outputError(dequantize(gptq(weight, rows, columns, hessian, { ...options, ...more })));
      expect(error).toBeLessThan(0.5 * nearest);
    }
  });

  it("does not depend on the size of its blocks", () => {
    const codes = (blockSize: number): number[] => [
      ...gptq(weight, rows, columns, hessian, { ...options, blockSize }).codes,
    ];
    expect(codes(5)).toEqual(codes(128));
  });

  it("keeps the scales of the columns where they are", () => {
    const { scales } = gptq(weight, rows, columns, hessian, options);
    const plain = roundToNearest(weight, rows, columns, options).scales;
    // Group 0 holds the column that is always 0.
    expect([...scales].filter((_, i) => i % 3 !== 0)).toEqual([...plain].filter((_, i) => i % 3 !== 0));
  });

  it("is rounding to nearest where inputs do not depend on one another", () => {
    const eye = new Hessian(columns);
    const rowsOfEye = new Float32Array(columns * columns);
    for (let k = 0; k < columns; k++) rowsOfEye[k * columns + k] = 1;
    eye.add(rowsOfEye);
    expect([...gptq(weight, rows, columns, eye, options).codes]).toEqual([
      ...roundToNearest(weight, rows, columns, options).codes,
    ]);
  });

  it("takes a Hessian of fewer inputs than columns", () => {
    const few = new Hessian(columns);
    few.add(inputs.subarray(0, 3 * columns));
    expect(gptq(weight, rows, columns, few, { ...options, damping: 0 }).codes.length).toBe(rows * columns);
  });
});

describe("AWQ", () => {
  it("finds column scales that keep the outputs nearer", () => {
    const { scales, ratio, errors } = awqScales([{ values: weight, rows, columns }], inputs, options);
    expect(ratio).toBeGreaterThan(0);
    expect(errors[0]).toBeCloseTo(nearest, 6);
    const scaled = roundToNearest(scaleColumns({ values: weight, rows, columns }, scales), rows, columns, options);
    const back = scaleColumns(
      { values: dequantize(scaled), rows, columns },
      scales.map((s) => 1 / s),
    );
    expect(outputError(back)).toBeCloseTo(Math.min(...errors), 6);
    expect(outputError(back)).toBeLessThan(nearest);
  });

  it("clips where that keeps a group's products nearer", () => {
    const spiky = Float32Array.from(weight, (x, i) => (i % columns === 3 ? 4 * x : x / 2));
    const error = (values: Float32Array): number =>
      outputError(values.map((value, i) => value - spiky[i]! + weight[i]!));
    const clipped = dequantize(awqClipped({ values: spiky, rows, columns }, inputs, { ...options, per: 8 }));
    const plain = dequantize(roundToNearest(spiky, rows, columns, { ...options, per: 8 }));
    expect(error(clipped)).toBeLessThanOrEqual(error(plain));
    expect([...clipped]).not.toEqual([...plain]);
  });
});
