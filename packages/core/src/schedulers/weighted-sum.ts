/** A factor and the values it goes with. */
export type Term = readonly [weight: number, values: Float32Array];

/**
 * `w0 * values0 + w1 * values1 + ...`, rounded to float32 after each operation, as torch does it: where noisy terms
 * nearly cancel, the rounding is what is left. All values have the same length.
 */
export function weightedSum(...terms: readonly [Term, ...Term[]]): Float32Array {
  const sum = new Float32Array(terms[0][1].length);
  for (const [weight, values] of terms) {
    // A weight of 0 leaves its values out: at the last step they may be infinite.
    if (weight === 0) continue;
    const factor = Math.fround(weight);
    for (let i = 0; i < sum.length; i++) sum[i]! += Math.fround(factor * values[i]!);
  }
  return sum;
}

/** Divided after it is summed: where nothing is left to divide by, the result is infinite and not without value. */
export function weightedSumOver(divisor: number, ...terms: readonly [Term, ...Term[]]): Float32Array {
  const float32 = Math.fround(divisor);
  return weightedSum(...terms).map((value) => value / float32);
}
