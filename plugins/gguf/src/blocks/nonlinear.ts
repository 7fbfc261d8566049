import { extremeOf } from "../rounding/extreme";

/** The 16 values of IQ4_NL and IQ4_XS. */
export const nonlinear: readonly number[] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** Where half a step begins, the nearest value changes nowhere inside of it: between -127 and 113. */
const nearest = Uint8Array.from({ length: 2 * (113 + 127) }, (_, halfSteps) => {
  const x = halfSteps / 2 - 127;
  const distances = nonlinear.map((value) => Math.abs(value - x));
  return distances.lastIndexOf(Math.min(...distances)); // the upper one of two that are equally near
});

/** Position of the value nearest to `x`; the upper one of two that are equally near. */
export function nearestIndex(x: number): number {
  if (x <= -127) return 0;
  return x >= 113 ? 15 : nearest[Math.floor(2 * (x + 127))]!;
}

/** Scale for which `scale * value` comes nearest to 32 elements. */
export function searchNonlinear(values: Float32Array, weights: Float32Array): number {
  const extreme = extremeOf(values);
  if (Math.abs(extreme) < 1e-15) return 0;
  const first = nonlinear[0]!;
  let best = fit(values, weights, -first / extreme);
  for (let t = -7; t <= 7; t++) {
    const found = fit(values, weights, (t + first) / extreme);
    if (found.score > best.score) best = found;
  }
  return best.scale;
}

function fit(values: Float32Array, weights: Float32Array, inverse: number): { scale: number; score: number } {
  let [wqx, wqq] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = nonlinear[nearestIndex(inverse * values[i]!)]!;
    wqx += weights[i]! * value * values[i]!;
    wqq += weights[i]! * value * value;
  }
  return wqq > 0 ? { scale: wqx / wqq, score: (wqx * wqx) / wqq } : { scale: 0, score: 0 };
}
