import { weightedSum } from "./weighted-sum";

/** Values of the calls of a second-order method: the first once, every later one twice. */
export function pairUp(values: Float32Array): Float32Array {
  return Float32Array.from([...values].flatMap((value, i) => (i === 0 ? [value] : [value, value])));
}

/** Noise levels of the same calls, and `final` after the last. */
export function afterPairs(levels: Float32Array, final: number): Float32Array {
  return Float32Array.of(...pairUp(levels), final);
}

/**
 * Heun's method, https://arxiv.org/abs/2206.00364, algorithm 1 without churn: each step is tried with Euler and repeated
 * with the mean of the directions at both ends. The last step is Euler's.
 *
 * @param sigmas of all calls, in pairs, and after the last
 * @returns the sample after a call; to be asked in the order of the calls. `direction` is the sample's derivative by sigma
 */
export function heunSteps(
  sigmas: Float32Array,
): (index: number, sample: Float32Array, direction: Float32Array) => Float32Array {
  let tried: { sample: Float32Array; direction: Float32Array; distance: number } | undefined;
  return (index, sample, direction) => {
    if (tried === undefined) {
      const distance = sigmas[index + 1]! - sigmas[index]!;
      tried = { sample, direction, distance };
      return weightedSum([1, sample], [distance, direction]);
    }
    const half = tried.distance / 2;
    const moved = weightedSum([1, tried.sample], [half, tried.direction], [half, direction]);
    tried = undefined;
    return moved;
  };
}
