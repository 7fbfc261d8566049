import type { Graph, Payload, Value, WeightForm } from "@skipstep/core/plugin";
import { codeRange, groupOf, type Rounded, scaleIndex } from "./rounded";

/** What MatMulNBits is told of a weight `[rows, columns]`; the last block of a row is filled up. */
export interface NBitsLayout {
  readonly bits: 4 | 8;
  readonly rows: number;
  readonly columns: number;
  /** Columns that share a scale: a power of two, 16 to 512. */
  readonly block: number;
}

/** What MatMulNBits makes of activations: it takes them as they are, or rounds each block of them to int8. */
export type NBitsActivations = "float32" | "int8";

/** A weight as MatMulNBits takes it: `(code - zeroPoint) * scale + minimum`. */
export interface NBitsWeight extends NBitsLayout {
  /** uint8 `[rows, blocks, block * bits / 8]`; of 4 bits, even elements are the low halves. */
  readonly codes: Payload;
  /** float32 `[rows, blocks]` */
  readonly scales: Payload;
  /** uint8 `[rows, ceil(blocks * bits / 8)]`, packed like the codes; 8 or 128 everywhere when left out. */
  readonly zeroPoints?: Payload;
  /** float32 `[rows, blocks]`: added to every element of a block, such as GGUF's minima. */
  readonly minima?: Payload;
}

/** Block sizes that have int8 kernels. */
export function isNBitsBlock(block: number): boolean {
  return block >= 16 && block <= 512 && Number.isInteger(Math.log2(block));
}

/** Blocks of a row; the last may be cut. */
export function blocksPerRow({ columns, block }: Pick<NBitsLayout, "columns" | "block">): number {
  return Math.ceil(columns / block);
}

/** Bytes of the parts. */
export function nBitsSizes(layout: NBitsLayout): { codes: number; scales: number; zeroPoints: number; minima: number } {
  const { bits, rows, block } = layout;
  const blocks = blocksPerRow(layout);
  return {
    codes: (rows * blocks * block * bits) / 8,
    scales: 4 * rows * blocks,
    zeroPoints: rows * Math.ceil((blocks * bits) / 8),
    minima: 4 * rows * blocks,
  };
}

/** Codes of a rounded matrix for MatMulNBits. @param block divides its groups; a row's scale is repeated */
export function packNBits(
  rounded: Rounded,
  block: number,
): { codes: Uint8Array; scales: Float32Array; zeroPoints?: Uint8Array } {
  const { rows, columns, zeroPoints } = rounded;
  const bits = rounded.bits as 4 | 8;
  const layout = { bits, rows, columns, block };
  const blocks = blocksPerRow(layout);
  const [least] = codeRange({ bits, scheme: "full-range" });
  const offset = zeroPoints ? 0 : -least;
  const groupAt = (row: number, b: number): number =>
    scaleIndex(rounded, row, Math.floor((b * block) / groupOf(rounded)));
  const scales = new Float32Array(rows * blocks);
  const zeros = new Uint8Array(nBitsSizes(layout).zeroPoints);
  const codes = new Uint8Array(rows * blocks * block);
  for (let row = 0; row < rows; row++)
    for (let b = 0; b < blocks; b++) {
      const at = groupAt(row, b);
      const zero = zeroPoints?.[at] ?? offset;
      scales[row * blocks + b] = rounded.scales[at]!;
      setCode(zeros.subarray(row * Math.ceil((blocks * bits) / 8)), b, zero, bits);
      const to = (row * blocks + b) * block;
      const count = Math.min(block, columns - b * block);
      const from = row * columns + b * block;
      for (let i = 0; i < count; i++) codes[to + i] = rounded.codes[from + i]! + offset;
      codes.fill(zero, to + count, to + block);
    }
  return { codes: packCodes(codes, bits), scales, ...(zeroPoints ? { zeroPoints: zeros } : {}) };
}

/** One code a byte to two a byte, the even ones in the low halves. */
export function packCodes(codes: Uint8Array, bits: 4 | 8): Uint8Array {
  if (bits === 8) return codes;
  const packed = new Uint8Array(codes.length / 2);
  for (let i = 0; i < packed.length; i++) packed[i] = codes[2 * i]! | (codes[2 * i + 1]! << 4);
  return packed;
}

function setCode(target: Uint8Array, index: number, code: number, bits: 4 | 8): void {
  if (bits === 8) target[index] = code;
  else target[index >> 1]! |= code << (4 * (index & 1));
}

/**
 * `x W^T + b` by MatMulNBits. With activations of int8 it multiplies whole numbers, which is the faster way; with float32
 * it takes the weight apart in each call, and is exact.
 * @param x `[..., columns]` @returns `[..., rows]`
 */
export function emitNBits(
  g: Graph,
  x: Value,
  weight: NBitsWeight,
  bias: Value | undefined,
  activations: NBitsActivations = "int8",
): Value {
  const { bits, rows, columns, block, codes, scales, zeroPoints, minima } = weight;
  const blocks = blocksPerRow(weight);
  const inputs = [
    x,
    g.initializer(codes, [rows, blocks, (block * bits) / 8], "uint8"),
    g.initializer(scales, [rows, blocks]),
    zeroPoints && g.initializer(zeroPoints, [rows, Math.ceil((blocks * bits) / 8)], "uint8"),
    undefined,
    bias,
  ];
  const output = g.node("MatMulNBits", inputs, [...x.shape.slice(0, -1), rows], {
    domain: "com.microsoft",
    dtype: "float32",
    attributes: {
      K: { int: columns },
      N: { int: rows },
      bits: { int: bits },
      block_size: { int: block },
      accuracy_level: { int: accuracyLevels[activations] },
    },
  });
  return minima ? g.add(output, emitMinima(g, x, weight, minima)) : output;
}

const accuracyLevels: Readonly<Record<NBitsActivations, number>> = { float32: 1, int8: 4 };

/** Sums of the input's blocks times the blocks' minima. */
function emitMinima(g: Graph, x: Value, weight: NBitsWeight, minima: Payload): Value {
  const { rows, columns, block } = weight;
  const blocks = blocksPerRow(weight);
  const outer = x.shape.slice(0, -1);
  const missing = blocks * block - columns;
  const pads = [...outer.map(() => 0), 0, ...outer.map(() => 0), missing];
  const whole =
    missing === 0
      ? x
      : g.node("Pad", [x, g.constant(pads, undefined, "int64")], [...outer, blocks * block], { dtype: "float32" });
  const axes = g.constant([-1], undefined, "int64");
  const sums = g.node("ReduceSum", [g.reshape(whole, [...outer, blocks, block]), axes], [...outer, blocks], {
    attributes: { keepdims: { int: 0 } },
  });
  return g.matmul(sums, g.transpose(g.initializer(minima, [rows, blocks]), [1, 0]));
}

/** A linear weight that is stored so. */
export function nBitsForm(form: string, weight: NBitsWeight, activations: NBitsActivations = "int8"): WeightForm {
  const parts = [weight.codes, weight.scales, weight.zeroPoints, weight.minima];
  return {
    form,
    byteLength: parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), 0),
    emit: (g, input, bias) => emitNBits(g, input, weight, bias, activations),
  };
}
