/**
 * A step with ancestral noise: below the next level, and noise of deviation `up` to it: `down² + up² = next²`. The variances
 * are DDPM's, https://arxiv.org/abs/2006.11239.
 */
export function ancestralStep(sigma: number, next: number): { readonly up: number; readonly down: number } {
  const up = (next / sigma) * Math.sqrt(sigma ** 2 - next ** 2);
  return { up, down: Math.sqrt(next ** 2 - up ** 2) };
}
