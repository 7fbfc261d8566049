/** Tokens above which the number of steps does not count. */
const LARGE = 4300;

/**
 * The shift of noise levels that FLUX.2's authors found by trial, for 10 and for 200 steps, and between them on a line:
 * https://github.com/black-forest-labs/flux2.
 * @param tokens of the image that is drawn
 */
export function empiricalMu(tokens: number, steps: number): number {
  const at200 = 0.00016927 * tokens + 0.45666666;
  if (tokens > LARGE) return at200;
  const at10 = 8.73809524e-5 * tokens + 1.89833333;
  const slope = (at200 - at10) / 190;
  return slope * steps + (at200 - 200 * slope);
}
