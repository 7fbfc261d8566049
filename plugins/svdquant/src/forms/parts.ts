import { transposed } from "@skipstep/core/plugin";
import { packNBits, type Rounded, roundToNearest } from "@skipstep/lowbit";
import type { SvdLayer } from "../nunchaku/layer";
import { groupSize } from "../nunchaku/order";

/** What the ops read: the branch's factors are transposed, for `x down up`. */
export interface Parts {
  readonly codes: Uint8Array | Int8Array;
  readonly scales: Float32Array;
  /** `[columns, rank]` */
  readonly down: Float32Array;
  /** `[rank, rows]` */
  readonly up: Float32Array;
}

/** For MatMulNBits: codes -8..7 and scales as they are. */
export function fourBitParts(layer: SvdLayer): Parts {
  const { codes, scales } = packNBits(residualOf(layer), groupSize);
  return { codes, scales, ...branchOf(layer) };
}

/** For int8 kernels: the residual's numbers rounded to 8 bits a row, `[columns, rows]`. */
export function int8Parts(layer: SvdLayer): Parts {
  const { rows, columns, codes: narrow, scales: steps } = layer;
  const groups = Math.ceil(columns / groupSize);
  const values = new Float32Array(rows * columns);
  for (let n = 0; n < rows; n++)
    for (let k = 0; k < columns; k++)
      values[n * columns + k] = narrow[n * columns + k]! * steps[n * groups + (k >> 6)]!;
  return { ...int8Codes(values, rows, columns), ...branchOf(layer) };
}

/** @param values `[rows, columns]` @returns codes `[columns, rows]`, a scale a row */
export function int8Codes(
  values: Float32Array,
  rows: number,
  columns: number,
): { readonly codes: Int8Array; readonly scales: Float32Array } {
  const { codes, scales } = roundToNearest(values, rows, columns, { bits: 8, scheme: "symmetric", per: "row" });
  return { codes: transposed(codes as Int8Array, rows, columns), scales };
}

function residualOf({ rows, columns, codes, scales }: SvdLayer): Rounded {
  return { bits: 4, scheme: "full-range", per: groupSize, rows, columns, codes, scales };
}

export function branchOf({
  rows,
  columns,
  rank,
  down,
  up,
}: Pick<SvdLayer, "rows" | "columns" | "rank" | "down" | "up">): Pick<Parts, "down" | "up"> {
  return { down: transposed(down, rank, columns), up: transposed(up, rows, rank) };
}
