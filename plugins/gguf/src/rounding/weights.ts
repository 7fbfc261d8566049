/** Mean of squares. */
export function meanSquare(values: Float32Array): number {
  let sum = 0;
  for (const x of values) sum += x * x;
  return sum / values.length;
}

/** What an element's error weighs in a group of known importance: `importance * sqrt(spread + x^2)`. */
export function importanceWeights(values: Float32Array, importance: Float32Array, spread: number): Float32Array {
  return values.map((x, i) => importance[i]! * Math.sqrt(spread + x * x));
}

export function sumOf(values: Float32Array): number {
  let sum = 0;
  for (const x of values) sum += x;
  return sum;
}
