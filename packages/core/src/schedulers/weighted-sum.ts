/** A factor and the values it goes with. */
export type Term = readonly [weight: number, values: Float32Array];

/** `w0 * values0 + w1 * values1 + ...`, summed in double and rounded once. All values have the same length. */
export function weightedSum(...terms: readonly [Term, ...Term[]]): Float32Array {
  const sum = new Float64Array(terms[0][1].length);
  for (const [weight, values] of terms) {
    // A weight of 0 leaves its values out: at the last step they may be infinite.
    if (weight === 0) continue;
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * values[i]!;
  }
  return Float32Array.from(sum);
}
