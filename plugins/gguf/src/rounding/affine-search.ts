import { roundHalfEven } from "@skipstep/core/plugin";

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
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!);
    largest = Math.max(largest, values[i]!);
  }
  if (largest <= least) return { scale: 0, offset: -least };
  const group = new Group(values, weights, most, error);
  let scale = (largest - least) / most;
  group.round(1 / scale, least);
  let best = group.error(scale, least);
  for (let i = 0; i <= tries; i++) {
    group.round((most + first + step * i) / (largest - least), least);
    const solved = group.solve();
    if (!solved) continue;
    const found = group.error(solved.scale, solved.minimum);
    if (found >= best) continue;
    best = found;
    scale = solved.scale;
    least = solved.minimum;
  }
  return { scale, offset: -least };
}

/** A group's elements with codes, and the sums that least squares need: of weights w, elements x and codes l. */
class Group {
  private readonly codes: Uint8Array;
  private w = 0;
  private wx = 0;
  private wxx = 0;
  private wl = 0;
  private wll = 0;
  private wlx = 0;

  constructor(
    private readonly values: Float32Array,
    private readonly weights: Float32Array,
    private readonly most: number,
    private readonly kind: AffineSearch["error"],
  ) {
    this.codes = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      this.w += weights[i]!;
      this.wx += weights[i]! * values[i]!;
      this.wxx += weights[i]! * values[i]! * values[i]!;
    }
  }

  /** Codes for an inverse scale and a minimum. */
  round(inverse: number, minimum: number): void {
    const { values, weights, most, codes } = this;
    let [wl, wll, wlx] = [0, 0, 0];
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      const code = Math.max(0, Math.min(most, roundHalfEven(inverse * (x - minimum))));
      const weighed = weights[i]! * code;
      wl += weighed;
      wll += weighed * code;
      wlx += weighed * x;
      codes[i] = code;
    }
    this.wl = wl;
    this.wll = wll;
    this.wlx = wlx;
  }

  /** The scale and minimum, at most 0, that fit the codes best. */
  solve(): { scale: number; minimum: number } | undefined {
    const { w, wx, wl, wll, wlx } = this;
    const determinant = w * wll - wl * wl;
    if (determinant <= 0) return undefined;
    const minimum = (wll * wx - wl * wlx) / determinant;
    if (minimum > 0) return { scale: wlx / wll, minimum: 0 };
    return { scale: (w * wlx - wx * wl) / determinant, minimum };
  }

  error(scale: number, minimum: number): number {
    const { values, weights, codes, w, wx, wxx, wl, wll, wlx } = this;
    if (this.kind === "square") {
      const ofCodes = scale * (scale * wll + 2 * minimum * wl - 2 * wlx);
      return ofCodes + minimum * (minimum * w - 2 * wx) + wxx;
    }
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += weights[i]! * Math.abs(scale * codes[i]! + minimum - values[i]!);
    return sum;
  }
}
