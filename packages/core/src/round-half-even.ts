/** A number whose unit in the last place is 1: what is added to it is rounded to a whole number, half to even. */
const integers = 1.5 * 2 ** 52;

/** Rounds half to even, as torch, numpy and ONNX do; `Math.round` rounds half up. For numbers below 2^51. */
export function roundHalfEven(x: number): number {
  return x + integers - integers;
}
