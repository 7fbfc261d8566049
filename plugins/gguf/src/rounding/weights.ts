/** Mean of squares. */
export function meanSquare(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum / values.length;
}

/** What an element's error weighs in a group of known importance: `importance * sqrt(spread + x^2)`. */
export function importanceWeights(values: Float32Array, importance: Float32Array, spread: number): Float32Array {
  const weights = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) weights[i] = importance[i]! * Math.sqrt(spread + values[i]! * values[i]!);
  return weights;
}

export function sumOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
