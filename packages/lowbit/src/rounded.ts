/** How codes stand for numbers. */
export type Scheme =
  /** `x = scale * q`, the range symmetric around 0: -127..127, -7..7. */
  | "symmetric"
  /** `x = scale * q`, with the lowest code too: -8..7. The scale has a sign, so that the element of largest magnitude is that code. */
  | "full-range"
  /** `x = scale * (q - zeroPoint)`, codes from 0; the range contains 0. */
  | "asymmetric";

/** What shares a scale: the whole tensor, a row, or so many columns of a row (the last of them may be fewer). */
export type Granularity = "tensor" | "row" | number;

/** How a matrix is rounded to a few bits. */
export interface RoundingOptions {
  /** 2 to 8. */
  readonly bits: number;
  readonly scheme: Scheme;
  readonly per: Granularity;
}

/** Scales and zero points, made before or after the codes. */
export interface Scales extends RoundingOptions {
  readonly rows: number;
  readonly columns: number;
  /** One a tensor, a row, or `[rows, ceil(columns / group)]`. */
  readonly scales: Float32Array;
  /** As many, `asymmetric` only. */
  readonly zeroPoints?: Uint8Array;
}

/** A matrix `[rows, columns]` in a few bits. */
export interface Rounded extends Scales {
  /** Row-major; signed where the scheme has no zero point. */
  readonly codes: Int8Array | Uint8Array;
}

/** Columns that share a scale. */
export function groupOf({ per, columns }: Pick<Scales, "per" | "columns">): number {
  return typeof per === "number" ? per : columns;
}

/** Scales that a row has; where the whole tensor has one, its rows share it. */
export function groupsPerRow(of: Pick<Scales, "per" | "columns">): number {
  return Math.ceil(of.columns / groupOf(of));
}

/** Where the scale of a row's group is. */
export function scaleIndex(of: Pick<Scales, "per" | "columns">, row: number, group: number): number {
  return of.per === "tensor" ? 0 : row * groupsPerRow(of) + group;
}

/** The least and the largest code. */
export function codeRange({ bits, scheme }: Pick<RoundingOptions, "bits" | "scheme">): readonly [number, number] {
  const half = 2 ** (bits - 1);
  if (scheme === "asymmetric") return [0, 2 * half - 1];
  return [scheme === "symmetric" ? 1 - half : -half, half - 1];
}

/** The numbers that codes stand for, float32. */
export function dequantize(rounded: Rounded): Float32Array {
  const { rows, columns, codes, scales, zeroPoints } = rounded;
  const values = new Float32Array(rows * columns);
  const group = groupOf(rounded);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const at = scaleIndex(rounded, row, Math.floor(column / group));
      const i = row * columns + column;
      values[i] = scales[at]! * (codes[i]! - (zeroPoints?.[at] ?? 0));
    }
  return values;
}
