import { roundHalfEven } from "@skipstep/core/plugin";

/** Scales of groups as whole numbers times one scale of their own. */
export interface RoundedScales {
  readonly scale: number;
  readonly codes: Uint8Array;
}

/** Scales 0 or more, rounded to 0..most, the largest one to `most`. */
export function roundScales(values: Float32Array, most: number): RoundedScales {
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  const inverse = largest > 0 ? most / largest : 0;
  return { scale: largest / most, codes: Uint8Array.from(values, (x) => Math.min(most, roundHalfEven(inverse * x))) };
}

/**
 * As `roundScales`, so that the weighted squared error is small: a few scales are tried, then single codes changed.
 * @param weights of the scales' errors
 */
export function searchScales(values: Float32Array, weights: Float32Array, most: number): RoundedScales {
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (largest < 1e-15) return { scale: 0, codes: new Uint8Array(values.length) };
  const rounded = (inverse: number): Uint8Array =>
    Uint8Array.from(values, (x) => Math.min(most, roundHalfEven(inverse * x)));
  const error = (inverse: number): number =>
    rounded(inverse).reduce((sum, code, i) => sum + weights[i]! * (values[i]! - code / inverse) ** 2, 0);
  const tries = [0, -4, -3, -2, -1, 1, 2, 3, 4].map((k) => (most + 0.1 * k) / largest);
  const errors = tries.map(error);
  const codes = rounded(tries[errors.indexOf(Math.min(...errors))]!);

  let [wlx, wll] = [0, 0];
  for (const [i, x] of values.entries()) {
    wlx += weights[i]! * x * codes[i]!;
    wll += weights[i]! * codes[i]! ** 2;
  }
  for (let pass = 0; pass < 5; pass++) {
    let isChanged = false;
    for (const [i, x] of values.entries()) {
      const restX = wlx - weights[i]! * x * codes[i]!;
      const restL = wll - weights[i]! * codes[i]! ** 2;
      if (restX <= 0 || restL <= 0) continue;
      const code = Math.max(0, Math.min(most, roundHalfEven((x * restL) / restX)));
      if (code === codes[i]) continue;
      const [newX, newL] = [restX + weights[i]! * x * code, restL + weights[i]! * code * code];
      if (newX * newX * wll <= wlx * wlx * newL) continue;
      codes[i] = code;
      [wlx, wll, isChanged] = [newX, newL, true];
    }
    if (!isChanged) break;
  }
  return { scale: wll > 0 ? wlx / wll : 0, codes };
}
