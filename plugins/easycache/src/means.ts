/** Mean of `|a|`, accumulated in float64. */
export function meanAbs(a: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]!);
  return sum / a.length;
}

/** Mean of `|a - b|`, accumulated in float64. @param b as long as `a` */
export function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}
