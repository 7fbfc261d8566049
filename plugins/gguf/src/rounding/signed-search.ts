import { roundHalfEven } from "@skipstep/core/plugin";
import { extremeOf } from "./extreme";

/** Below this a group counts as zeros. */
const tiny = 1e-15;

/** A scale and how well its codes fit. */
interface Fit {
  readonly scale: number;
  /** Weighted sum of code times value, squared, over that of squared codes: the larger, the smaller the error. */
  readonly score: number;
}

/**
 * Scale for which `scale * code` comes nearest to a group's elements: for scales around the one that gives the extreme
 * element the code `-half`, codes are rounded and the scale solved by least squares.
 *
 * @param half codes are -half..half - 1
 * @returns the scale, of either sign
 */
export function searchSigned(values: Float32Array, weights: Float32Array, half: number): number {
  const extreme = extremeOf(values);
  if (Math.abs(extreme) < tiny) return 0;
  let best = fit(values, weights, half, -half / extreme);
  for (let k = -9; k <= 9; k++) {
    if (k === 0) continue;
    const found = fit(values, weights, half, -(half + 0.1 * k) / extreme);
    if (found.score > best.score) best = found;
  }
  return best.scale;
}

function fit(values: Float32Array, weights: Float32Array, half: number, inverse: number): Fit {
  let [wlx, wll] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const code = clampedCode(inverse * values[i]!, half);
    wlx += weights[i]! * code * values[i]!;
    wll += weights[i]! * code * code;
  }
  return wll > 0 ? { scale: wlx / wll, score: (wlx * wlx) / wll } : { scale: 0, score: 0 };
}

/** Whole number nearest to a value within -half..half - 1. */
export function clampedCode(value: number, half: number): number {
  return Math.max(-half, Math.min(half - 1, roundHalfEven(value)));
}

/**
 * As `searchSigned`, by changing single codes: from those of the scale that gives the extreme element the code `-half`,
 * each code in turn becomes the best for all others, up to five times. Elements weigh their square.
 */
export function descendSigned(values: Float32Array, half: number): number {
  const extreme = extremeOf(values);
  if (Math.abs(extreme) < tiny) return 0;
  const codes = Int8Array.from(values, (x) => clampedCode((-half / extreme) * x, half));
  let [wlx, wll] = [0, 0];
  for (const [i, x] of values.entries()) {
    wlx += x * x * x * codes[i]!;
    wll += x * x * codes[i]! ** 2;
  }
  for (let pass = 0; pass < 5; pass++) {
    let isChanged = false;
    for (const [i, x] of values.entries()) {
      const weight = x * x;
      const restX = wlx - weight * x * codes[i]!;
      const restL = wll - weight * codes[i]! ** 2;
      if (restX <= 0) continue;
      const code = clampedCode((x * restL) / restX, half);
      if (code === codes[i]) continue;
      const [newX, newL] = [restX + weight * x * code, restL + weight * code * code];
      if (newL <= 0 || newX * newX * wll <= wlx * wlx * newL) continue;
      codes[i] = code;
      [wlx, wll, isChanged] = [newX, newL, true];
    }
    if (!isChanged) break;
  }
  return wll > 0 ? wlx / wll : 0;
}
