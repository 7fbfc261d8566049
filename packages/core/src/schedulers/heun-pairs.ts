/** Values of the calls of a second-order method: the first once, every later one twice. */
export function pairUp(values: Float32Array): Float32Array {
  return Float32Array.from([...values].flatMap((value, i) => (i === 0 ? [value] : [value, value])));
}

/** Noise levels of the same calls, and `final` after the last. */
export function afterPairs(levels: Float32Array, final: number): Float32Array {
  return Float32Array.of(...pairUp(levels), final);
}
