import type { FormatTensor, PackedTensor, PackedWeight } from "@skipstep/core/plugin";
import { biasTensor, bytesOf, type ModuleSource, placeOf } from "./modules";
import { groupSize } from "./order";
import type { AwqLayer } from "./read-layer";
import type { StoredLayer } from "./stored-layers";

/** The format of W4A16 weights that a hook stores in 4 bits. */
export const awqFormat = "svdquant:awq";

/** Weight and bias of a W4A16 layer. */
export function awqTensors(of: ModuleSource): [name: string, tensor: FormatTensor][] {
  const { module, layers, reader } = of;
  const [stored] = layers as [StoredLayer];
  const { rows, columns } = stored;
  const read = (): AwqLayer => reader.readAwq(stored);
  const rowAt = (row: number): number => interleavedRow(row, rows, module.chunks);
  const bias = (): Float32Array => {
    const values = reader.bias(stored, rows);
    return Float32Array.from({ length: rows }, (_, row) => values[rowAt(row)]! - oneIn(row, rows, module.chunks));
  };
  const weight: FormatTensor = {
    dtype: "float32",
    shape: [rows, columns],
    ...placeOf(of),
    readRows: (first, count) => bytesOf(denseRows(read(), first, count, rowAt)),
    packed: packedLayer(stored, read, rowAt),
  };
  return [[`${module.name}.weight`, weight], ...(stored.bias === undefined ? [] : [biasTensor(of, rows, bias)])];
}

/** Rows lie chunk after chunk for each channel in turn: the row of channel c of chunk j is `c chunks + j`. */
function interleavedRow(row: number, rows: number, chunks: number | undefined): number {
  if (chunks === undefined) return row;
  const channels = rows / chunks;
  return (row % channels) * chunks + Math.floor(row / channels);
}

/** Scales have their 1 in the bias: those of attention come second, those of the feed forward last but one. */
function oneIn(row: number, rows: number, chunks: number | undefined): number {
  if (chunks === undefined) return 0;
  const chunk = Math.floor((row * chunks) / rows);
  return chunk === 1 || chunk === chunks - 2 ? 1 : 0;
}

/** `codes scales + zeros` */
function denseRows(
  { columns, codes, scales, zeros }: AwqLayer,
  first: number,
  count: number,
  rowAt: (row: number) => number,
): Float32Array {
  const groups = columns / groupSize;
  const values = new Float32Array(count * columns);
  for (let i = 0; i < count; i++) {
    const row = rowAt(first + i);
    for (let k = 0; k < columns; k++) {
      const g = row * groups + (k >> 6);
      values[i * columns + k] = codes[row * columns + k]! * scales[g]! + zeros[g]!;
    }
  }
  return values;
}

/** In the order of the model's rows. */
function packedLayer(
  { rows, columns }: StoredLayer,
  read: () => AwqLayer,
  rowAt: (row: number) => number,
): PackedWeight {
  const groups = columns / groupSize;
  const floats = (part: "scales" | "zeros"): PackedTensor => ({
    dtype: "float32",
    shape: [rows, groups],
    read: () => {
      const data = ordered(new Float32Array(rows * groups), read()[part], rows, rowAt);
      return { dtype: "float32", shape: [rows, groups], data };
    },
  });
  const codes: PackedTensor = {
    dtype: "uint8",
    shape: [rows, columns],
    read: () => {
      const data = ordered(new Uint8Array(rows * columns), read().codes, rows, rowAt);
      return { dtype: "uint8", shape: [rows, columns], data };
    },
  };
  return {
    format: awqFormat,
    byteLength: (rows * columns) / 2 + 4 * rows * groups,
    tensors: { codes, scales: floats("scales"), zeros: floats("zeros") },
    parameters: { group_size: groupSize },
  };
}

function ordered<Values extends Uint8Array | Float32Array>(
  target: Values,
  stored: Values,
  rows: number,
  rowAt: (row: number) => number,
): Values {
  const width = stored.length / rows;
  for (let row = 0; row < rows; row++) {
    const from = rowAt(row) * width;
    target.set(stored.subarray(from, from + width), row * width);
  }
  return target;
}
