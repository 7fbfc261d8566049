import type { BinaryFile, PackedWeight } from "@skipstep/core/plugin";
import type { BlockType } from "../blocks/block-type";
import type { GgufTensor } from "./header";

/** Rows (slices of the first axis) of a tensor that lie one after the other. */
export interface PackedRows {
  readonly file: BinaryFile;
  readonly name: string;
  readonly type: BlockType;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** All rows of a tensor; `undefined` where blocks run across rows, so that they cannot be told apart. */
export function packedRows(file: BinaryFile, tensor: GgufTensor, type: BlockType): PackedRows | undefined {
  const { name, shape, offset, byteLength } = tensor;
  if (shape.length < 2 || shape.at(-1)! % type.size !== 0) return undefined;
  return { file, name, type, shape, offset, byteLength };
}

export function sliceRows(rows: PackedRows, first: number, count: number): PackedRows {
  const [all = 1, ...inner] = rows.shape;
  const rowLength = all === 0 ? 0 : rows.byteLength / all;
  return {
    ...rows,
    shape: [count, ...inner],
    offset: rows.offset + first * rowLength,
    byteLength: count * rowLength,
  };
}

export function readBlocks({ file, name, offset, byteLength }: PackedRows): Uint8Array {
  return file.read(`tensor "${name}"`, offset, byteLength);
}

/** What `weightLoad` gets: the blocks, as bytes of rows. */
export function packedWeight(rows: PackedRows): PackedWeight {
  const { type, shape, byteLength } = rows;
  const count = shape[0]!;
  const bytes = [count, count === 0 ? 0 : byteLength / count];
  return {
    format: `gguf:${type.name}`,
    byteLength,
    tensors: {
      blocks: {
        dtype: "uint8",
        shape: bytes,
        read: () => ({ dtype: "uint8", shape: bytes, data: readBlocks(rows) }),
      },
    },
    parameters: { type: type.name },
    rows: (first, rowCount) => packedWeight(sliceRows(rows, first, rowCount)),
  };
}
