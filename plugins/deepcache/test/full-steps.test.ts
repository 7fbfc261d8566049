import { describe, expect, it } from "vitest";
import { fullSteps } from "../src/full-steps";

const options = { cache_interval: 5, cache_branch_id: 0, skip_mode: "nonuniform", center: 15, pow: 1.4 } as const;

describe("full steps", () => {
  it.each([
    [12, 3, [0, 3, 6, 9]],
    [10, 3, [0, 3, 6, 9]],
    [4, 9, [0]],
    [3, 1, [0, 1, 2]],
  ])("of %i are every %i-th when uniform", (count, cache_interval, steps) => {
    expect([...fullSteps(count, { ...options, skip_mode: "uniform", cache_interval })]).toEqual(steps);
  });

  // What the authors' code gives.
  it.each([
    [50, 5, 15, 1.4, [0, 5, 9, 13, 17, 21, 26, 31, 37, 43]],
    [50, 5, 10, 1.2, [0, 5, 9, 12, 16, 21, 26, 32, 38, 43]],
    [50, 10, 15, 1.4, [0, 9, 17, 26, 37]],
    [20, 3, 5, 1.4, [0, 3, 5, 6, 9, 12, 16]],
    [25, 5, 8, 1.3, [0, 5, 8, 13, 18]],
  ])("of %i with interval %i around %i, power %f, are %j", (count, cache_interval, center, pow, steps) => {
    expect([...fullSteps(count, { ...options, cache_interval, center, pow })]).toEqual(steps);
  });

  it("lie around a step of the generation", () => {
    expect(() => fullSteps(15, options)).toThrow(
      'center of plugin "deepcache" must be below 15, the steps of the generation, found 15. Take a smaller one, or more steps.',
    );
  });

  it("are refused where no power gives as many", () => {
    expect(() => fullSteps(6, { ...options, cache_interval: 2, center: 3 })).toThrow(
      'pow of plugin "deepcache" gives no 3 different full steps of 6 around step 3, from 1.4 down to 1.',
    );
  });
});
