import { codeIndex, downIndex, groupSize, padded, scaleIndex, upIndex } from "./order";

/** A linear layer of SVDQuant in plain order: `(x / smooth) (codes scales)^T + bias + (x down^T) up^T`. */
export interface SvdLayer {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  /** -8..7, `[rows, columns]` */
  readonly codes: Int8Array;
  /** `[rows, columns / 64]` */
  readonly scales: Float32Array;
  /** `[columns]` */
  readonly smooth: Float32Array;
  /** `[rank, columns]` */
  readonly down: Float32Array;
  /** `[rows, rank]` */
  readonly up: Float32Array;
}

/** The same in nunchaku's order; numbers are float32 still. */
export interface PackedLayer {
  /** `[padded rows, padded columns / 2]` */
  readonly qweight: Uint8Array;
  /** `[padded columns / 64, padded rows]` */
  readonly wscales: Float32Array;
  /** `[padded columns]` */
  readonly smooth: Float32Array;
  /** `[padded columns, rank]` */
  readonly down: Float32Array;
  /** `[padded rows, rank]` */
  readonly up: Float32Array;
}

/** The rank that is stored: a multiple of 16, filled up with zeros. */
export function storedRank(rank: number): number {
  return Math.ceil(rank / 16) * 16;
}

export function packLayer({ rows, columns, rank, codes, scales, smooth, down, up }: SvdLayer): PackedLayer {
  const [height, width, depth] = [padded(rows), padded(columns), storedRank(rank)];
  const groups = width / groupSize;
  const packed: PackedLayer = {
    qweight: new Uint8Array((height * width) / 2),
    wscales: new Float32Array(groups * height).fill(1),
    smooth: packVector(smooth, 1),
    down: new Float32Array(width * depth),
    up: new Float32Array(height * depth),
  };
  const ownGroups = Math.ceil(columns / groupSize);
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) {
      const index = codeIndex(n, k, width);
      packed.qweight[index >> 1]! |= (codes[n * columns + k]! & 15) << (4 * (index & 1));
    }
    for (let g = 0; g < ownGroups; g++) packed.wscales[scaleIndex(n, g, groups)] = scales[n * ownGroups + g]!;
    for (let i = 0; i < rank; i++) packed.up[upIndex(n, i, depth)] = up[n * rank + i]!;
  }
  for (let i = 0; i < rank; i++)
    for (let k = 0; k < columns; k++) packed.down[downIndex(i, k, depth)] = down[i * columns + k]!;
  return packed;
}

/** @param rank as it is stored */
export function unpackLayer(packed: PackedLayer, rows: number, columns: number, rank: number): SvdLayer {
  const width = padded(columns);
  const [groups, ownGroups] = [width / groupSize, Math.ceil(columns / groupSize)];
  const layer: SvdLayer = {
    rows,
    columns,
    rank,
    codes: new Int8Array(rows * columns),
    scales: new Float32Array(rows * ownGroups),
    smooth: unpackVector(packed.smooth, columns),
    down: new Float32Array(rank * columns),
    up: new Float32Array(rows * rank),
  };
  for (let n = 0; n < rows; n++) {
    for (let k = 0; k < columns; k++) {
      const index = codeIndex(n, k, width);
      const code = (packed.qweight[index >> 1]! >> (4 * (index & 1))) & 15;
      layer.codes[n * columns + k] = code < 8 ? code : code - 16;
    }
    for (let g = 0; g < ownGroups; g++) layer.scales[n * ownGroups + g] = packed.wscales[scaleIndex(n, g, groups)]!;
    for (let i = 0; i < rank; i++) layer.up[n * rank + i] = packed.up[upIndex(n, i, rank)]!;
  }
  for (let i = 0; i < rank; i++)
    for (let k = 0; k < columns; k++) layer.down[i * columns + k] = packed.down[downIndex(i, k, rank)]!;
  return layer;
}

/** Biases and smoothing scales. @param filler for what is filled up */
export function packVector(values: Float32Array, filler: number): Float32Array {
  const packed = new Float32Array(padded(values.length)).fill(filler);
  for (const [n, value] of values.entries()) packed[scaleIndex(n, 0, 1)] = value;
  return packed;
}

export function unpackVector(packed: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => packed[scaleIndex(n, 0, 1)]!);
}

/** The numbers of some rows: `codes scales / smooth + up down`. */
export function denseRows(layer: SvdLayer, first: number, count: number): Float32Array {
  const { columns, rank, codes, scales, smooth, down, up } = layer;
  const groups = Math.ceil(columns / groupSize);
  const values = new Float32Array(count * columns);
  const line = new Float64Array(columns);
  for (let row = 0; row < count; row++) {
    const n = first + row;
    for (let k = 0; k < columns; k++) line[k] = (codes[n * columns + k]! * scales[n * groups + (k >> 6)]!) / smooth[k]!;
    for (let i = 0; i < rank; i++) {
      const factor = up[n * rank + i]!;
      if (factor === 0) continue;
      const of = down.subarray(i * columns, (i + 1) * columns);
      for (let k = 0; k < columns; k++) line[k]! += factor * of[k]!;
    }
    values.set(line, row * columns);
  }
  return values;
}

/** Some rows of a layer. */
export function rowsOf(layer: SvdLayer, first: number, count: number): SvdLayer {
  const { columns, rank, codes, scales, up } = layer;
  const groups = Math.ceil(columns / groupSize);
  const cut = <Part extends Int8Array | Float32Array>(values: Part, width: number): Part =>
    values.subarray(first * width, (first + count) * width) as Part;
  return { ...layer, rows: count, codes: cut(codes, columns), scales: cut(scales, groups), up: cut(up, rank) };
}
