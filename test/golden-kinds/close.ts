import { expect } from "vitest";
import type { Tensor } from "../../packages/core/src/tensor";

/** Largest difference allowed, as a part of the expected tensor's largest value. */
export const TOLERANCE = 1e-4;

/** Asserts that two tensors agree within `tolerance` of the expected one's largest value. */
export function expectClose(name: string, found: Tensor, expected: Tensor, tolerance: number = TOLERANCE): void {
  expect(found.shape, name).toEqual([...expected.shape]);
  const { largest, difference } = compare(found, expected);
  expect(difference / largest, `${name}: largest difference as a part of ${largest}`).toBeLessThanOrEqual(tolerance);
}

/** Asserts that numbers are equal, and tells the first that is not. Zero has no sign here. */
export function expectSame(name: string, found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length, `${name}: count`).toBe(expected.length);
  let [first, count] = [-1, 0];
  for (let i = 0; i < expected.length; i++) {
    if (found[i] === expected[i]) continue;
    if (count++ === 0) first = i;
  }
  const difference = { first, found: found[first], expected: expected[first], count };
  expect(difference, name).toMatchObject({ count: 0 });
}

/** Asserts that no element differs by more than `most`. */
export function expectWithin(name: string, found: Tensor, expected: Tensor, most: number): void {
  expect(found.shape, name).toEqual([...expected.shape]);
  expect(compare(found, expected).difference, `${name}: largest difference`).toBeLessThanOrEqual(most);
}

function compare(found: Tensor, expected: Tensor): { largest: number; difference: number } {
  let largest = 0;
  let difference = 0;
  for (const [i, x] of expected.data.entries()) {
    largest = Math.max(largest, Math.abs(Number(x)));
    difference = Math.max(difference, Math.abs(Number(found.data[i]) - Number(x))); // NaN stays
  }
  return { largest, difference };
}

/** Zeros where the mask is 0: what stands there has no meaning. */
export function realRows({ dtype, shape, data }: Tensor, mask: Tensor): Tensor {
  const width = shape.at(-1)!;
  return {
    dtype,
    shape,
    data: Float32Array.from(data as Float32Array, (x, i) => (mask.data[Math.floor(i / width)] === 1 ? x : 0)),
  };
}
