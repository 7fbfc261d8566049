import { intOf } from "../../graph/attributes";
import type { Node, Payload, Value } from "../../graph/value";
import { type InitializerValue, isInitializer } from "../weights-layout";
import type { Form } from "./profile";
import type { StandIn } from "./stand-in";

/** Columns in a block of the weight for which WebGPU has a kernel that reads the weight once for many tokens. */
const tile = 32;

/**
 * MatMulNBits on WebGPU. It takes what it multiplies as it is: told to round it (`accuracy_level` 4), its kernels do so in
 * blocks of 128 or not at all, where the CPU's go by the weight's blocks. Other blocks than those of 32 become such: its
 * kernel for others reads the whole weight for each token.
 */
export const nBitsForms: readonly Form[] = [
  { name: "exact, blocks of 32", fits: hasOtherBlocks, emit: inTiles },
  { name: "exact", emit: (node, g) => product(node, g, node.inputs[0]!, {}) },
];

/** What a kernel multiplies with, where that is another than the node says. */
interface Blocks {
  readonly block?: number;
  readonly scales?: Value;
  readonly codes?: Value;
  readonly zeroPoints?: Value | undefined;
}

/** Of 2 bits there is one kernel only. */
function hasOtherBlocks(node: Node): boolean {
  if (blockOf(node) === tile || intOf(node, "bits") === 2) return false;
  return node.inputs.slice(1, 4).every((input) => !input || isInitializer(input));
}

function blockOf(node: Node): number {
  return intOf(node, "block_size")!;
}

/** With blocks of 32: larger ones are parts with one scale; of smaller ones, each product sees its part of the columns. */
function inTiles(node: Node, g: StandIn): Value {
  const [x] = node.inputs as [Value];
  const block = blockOf(node);
  if (block > tile) return product(node, g, x, tiled(node, g, 0));
  const parts = tile / block;
  const columns = x.shape.at(-1) as number;
  const products = Array.from({ length: parts }, (_, part) => {
    const seen = Array.from({ length: columns }, (_, i) => (Math.floor((i % tile) / block) === part ? 1 : 0));
    const { inputs } = node;
    const own = part === 0 ? node : { ...node, inputs: inputs.slice(0, 5) }; // the bias once
    return product(own, g, g.mul(x, g.constant(seen)), tiled(node, g, part));
  });
  return products.reduce((sum, each) => g.add(sum, each));
}

/** The weight in blocks of 32, each with the scale of the block that it lies in, or of its `part`. */
function tiled(node: Node, g: StandIn, part: number): Blocks {
  const [bits, block, columns] = [intOf(node, "bits") ?? 4, blockOf(node), intOf(node, "K")!];
  const [, codes, scales, zeroPoints] = node.inputs as InitializerValue[];
  const rows = codes!.shape[0]!;
  const [before, after] = [Math.ceil(columns / block), Math.ceil(columns / tile)];
  /** The block before, for each that there is now; its last part may lie behind the last column. */
  const from = (at: number): number => Math.min(before - 1, Math.floor((at * tile) / block) + part);
  const key = `${tile} of ${block}:${part}`;
  return {
    block: tile,
    codes: g.initializer(
      made(codes!, `columns:${tile}`, (rows * after * tile * bits) / 8, (bytes) =>
        resized(bytes, rows, (after * tile * bits) / 8),
      ),
      [rows, after, (tile * bits) / 8],
      "uint8",
    ),
    scales: g.initializer(
      made(scales!, key, rows * after * 4, (bytes) => {
        const values = new Float32Array(bytes.slice().buffer);
        return new Uint8Array(picked(values, new Float32Array(rows * after), [before, after], from).buffer);
      }),
      [rows, after],
    ),
    zeroPoints:
      zeroPoints &&
      g.initializer(
        made(zeroPoints, key, rows * Math.ceil((after * bits) / 8), (bytes) => {
          const values = unpacked(bytes, rows, before, bits);
          return packed(picked(values, new Uint8Array(rows * after), [before, after], from), rows, after, bits);
        }),
        [rows, Math.ceil((after * bits) / 8)],
        "uint8",
      ),
  };
}

function product(node: Node, g: StandIn, x: Value, { block, codes, scales, zeroPoints }: Blocks): Value {
  const [, ownCodes, ownScales, ownZeroPoints, ...rest] = node.inputs;
  const inputs = [x, codes ?? ownCodes, scales ?? ownScales, zeroPoints ?? ownZeroPoints, ...rest];
  return g.node("MatMulNBits", inputs, node.outputs[0]!.shape, {
    domain: node.domain,
    attributes: {
      ...node.attributes,
      accuracy_level: { int: 0 },
      ...(block === undefined ? {} : { block_size: { int: block } }),
    },
  });
}

/** What is made of an initializer; itself where nothing is to change. */
function made(
  { origin: { payload } }: InitializerValue,
  how: string,
  byteLength: number,
  make: (bytes: Uint8Array) => Uint8Array,
): Payload {
  const { key, label } = payload;
  return { key: `${key}:${how}`, label: `${label}`, byteLength, bytes: () => make(payload.bytes()) };
}

/** Rows of another length: what a row had behind its last column is left out, or zeros. */
function resized(bytes: Uint8Array, rows: number, after: number): Uint8Array {
  const before = bytes.length / rows;
  if (before === after) return bytes;
  const result = new Uint8Array(rows * after);
  for (let row = 0; row < rows; row++)
    result.set(bytes.subarray(row * before, row * before + Math.min(before, after)), row * after);
  return result;
}

/** Of each row's values, those at `from`. */
function picked<Values extends Float32Array | Uint8Array>(
  values: Values,
  result: Values,
  [before, after]: readonly [number, number],
  from: (at: number) => number,
): Values {
  for (let i = 0; i < result.length; i++) result[i] = values[Math.floor(i / after) * before + from(i % after)]!;
  return result;
}

/** Codes of rows that begin with a byte each, the first in its lowest bits. */
function unpacked(bytes: Uint8Array, rows: number, columns: number, bits: number): Uint8Array {
  const width = bytes.length / rows;
  const perByte = 8 / bits;
  return Uint8Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    const byte = bytes[row * width + Math.floor(column / perByte)]!;
    return (byte >> (bits * (column % perByte))) & (2 ** bits - 1);
  });
}

function packed(codes: Uint8Array, rows: number, columns: number, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const width = Math.ceil(columns / perByte);
  const bytes = new Uint8Array(rows * width);
  for (let i = 0; i < codes.length; i++) {
    const column = i % columns;
    bytes[Math.floor(i / columns) * width + Math.floor(column / perByte)]! |= codes[i]! << (bits * (column % perByte));
  }
  return bytes;
}
