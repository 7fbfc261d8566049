import { roundHalfEven } from "../half";

/** How scale and minimum of a group are searched; the table in https://github.com/ggml-org/ggml, `make_qkx2_quants`. */
export interface AffineSearch {
  /** Largest code. */
  readonly most: number;
  /** Inverse scales that are tried: `(most + first + i * step) / range`, i = 0..tries. */
  readonly first: number;
  readonly step: number;
  readonly tries: number;
  /** What is made small: the sum of squared differences, or of absolute ones. */
  readonly error: "square" | "absolute";
}

/**
 * Scale and offset for which `scale * code - offset` comes nearest to a group's elements: for a number of scales codes
 * are rounded, and for the codes scale and offset solved by least squares.
 *
 * @param weights of the elements' errors
 * @returns both 0 or more
 */
export function searchAffine(
  values: Float32Array,
  weights: Float32Array,
  { most, first, step, tries, error }: AffineSearch,
): { scale: number; offset: number } {
  let least = 0;
  let largest = values[0]!;
  for (const x of values) {
    least = Math.min(least, x);
    largest = Math.max(largest, x);
  }
  if (largest <= least) return { scale: 0, offset: -least };
  const measure = (scale: number, minimum: number, codes: Uint8Array): number => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs(scale * codes[i]! + minimum - values[i]!);
      sum += weights[i]! * (error === "square" ? difference * difference : difference);
    }
    return sum;
  };
  const codes = new Uint8Array(values.length);
  const range = largest - least;
  let scale = range / most;
  roundTo(codes, values, most / range, least, most);
  let best = measure(scale, least, codes);
  for (let i = 0; i <= tries; i++) {
    roundTo(codes, values, (most + first + step * i) / (largest - least), least, most);
    const solved = solve(values, weights, codes);
    if (!solved) continue;
    const found = measure(solved.scale, solved.minimum, codes);
    if (found >= best) continue;
    best = found;
    scale = solved.scale;
    least = solved.minimum;
  }
  return { scale, offset: -least };
}

function roundTo(codes: Uint8Array, values: Float32Array, inverse: number, least: number, most: number): void {
  for (let i = 0; i < values.length; i++)
    codes[i] = Math.max(0, Math.min(most, roundHalfEven(inverse * (values[i]! - least))));
}

/** Weighted least squares of `scale * code + minimum`, whose minimum is at most 0. */
function solve(
  values: Float32Array,
  weights: Float32Array,
  codes: Uint8Array,
): { scale: number; minimum: number } | undefined {
  let [w, wx, wl, wll, wlx] = [0, 0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const weight = weights[i]!;
    const code = codes[i]!;
    w += weight;
    wx += weight * values[i]!;
    wl += weight * code;
    wll += weight * code * code;
    wlx += weight * code * values[i]!;
  }
  const determinant = w * wll - wl * wl;
  if (determinant <= 0) return undefined;
  const minimum = (wll * wx - wl * wlx) / determinant;
  if (minimum > 0) return { scale: wlx / wll, minimum: 0 };
  return { scale: (w * wlx - wx * wl) / determinant, minimum };
}
