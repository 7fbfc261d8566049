/** Parts of a vector along another and across it. */
export interface Projected {
  readonly parallel: Float64Array;
  readonly orthogonal: Float64Array;
}

/**
 * Takes vectors apart, in float64.
 * @param along what each is compared with @param groups the vector that an element belongs to, by a number
 */
export function project(values: Float64Array, along: Float32Array | Float64Array, groups: Int32Array): Projected {
  const [products, squares] = [new Float64Array(values.length), new Float64Array(values.length)];
  for (let i = 0; i < values.length; i++) {
    products[groups[i]!]! += values[i]! * along[i]!;
    squares[groups[i]!]! += along[i]! ** 2;
  }
  // A vector of zeros has no direction: nothing lies along it.
  const parallel = values.map((_, i) => (along[i]! * products[groups[i]!]!) / Math.max(squares[groups[i]!]!, 1e-24));
  return { parallel, orthogonal: values.map((value, i) => value - parallel[i]!) };
}
