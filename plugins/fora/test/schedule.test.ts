import { expect, it } from "vitest";
import { computesAt } from "../src/schedule";

const computed = (count: number, interval: number): number[] =>
  Array.from({ length: count }, (_, index) => index).filter((index) => computesAt({ index, count }, interval));

it.each([
  [10, 3, [0, 3, 6, 9]],
  [11, 3, [0, 1, 4, 7, 10]],
  [12, 2, [0, 1, 3, 5, 7, 9, 11]],
  [12, 5, [0, 1, 6, 11]],
  [4, 98, [0, 3]],
  [3, 1, [0, 1, 2]],
  [1, 3, [0]],
])("of %i steps with interval %i computes %j", (count, interval, steps) => {
  expect(computed(count, interval)).toEqual(steps);
});
