/**
 * Blocks taken apart: an element is `scale * code + minimum`, computed in float32, with one scale (and one minimum,
 * where a type has them) a group of elements.
 */
export interface Codes {
  /** Whole numbers, one an element. */
  readonly codes: Int8Array;
  /** One a group. */
  readonly scales: Float32Array;
  /** One a group; empty for types without. */
  readonly minima: Float32Array;
}

/** A way to pack a fixed number of elements into a fixed number of bytes, https://github.com/ggml-org/ggml. */
export interface BlockType {
  /** `Q4_K` */
  readonly name: string;
  /** In a file's tensor list. */
  readonly id: number;
  /** Elements of a block. */
  readonly size: number;
  readonly byteLength: number;
  /** Elements that share a scale. */
  readonly group: number;
  /** Smallest and largest code. */
  readonly range: readonly [least: number, most: number];
  readonly hasMinima: boolean;
  /** Takes the block at byte `at` apart, as the one of that `index` in `to`. */
  unpack(bytes: Uint8Array, at: number, index: number, to: Codes): void;
  /**
   * Rounds elements into a block; missing for types that are only read.
   *
   * @param values `size` of them
   * @param target `byteLength` zeros
   * @param importance of each element's error, where it is known
   */
  pack?(values: Float32Array, target: Uint8Array, importance: Float32Array | undefined): void;
}

/** Room for so many blocks. */
export function codesFor({ size, group, hasMinima }: BlockType, blocks: number): Codes {
  const groups = (blocks * size) / group;
  return {
    codes: new Int8Array(blocks * size),
    scales: new Float32Array(groups),
    minima: new Float32Array(hasMinima ? groups : 0),
  };
}

/** Takes whole blocks apart. */
export function unpackBlocks(type: BlockType, bytes: Uint8Array): Codes {
  const blocks = bytes.length / type.byteLength;
  const codes = codesFor(type, blocks);
  for (let i = 0; i < blocks; i++) type.unpack(bytes, i * type.byteLength, i, codes);
  return codes;
}

/** The elements of whole blocks. */
export function dequantize(type: BlockType, bytes: Uint8Array): Float32Array {
  const target = new Float32Array((bytes.length / type.byteLength) * type.size);
  writeDequantized(type, bytes, target);
  return target;
}

/** `dequantize` into memory that is already there. */
export function writeDequantized(type: BlockType, bytes: Uint8Array, target: Float32Array): void {
  const { codes, scales, minima } = unpackBlocks(type, bytes);
  const { group, hasMinima } = type;
  for (const [i, scale] of scales.entries()) {
    const from = i * group;
    if (hasMinima) {
      const minimum = minima[i]!;
      for (let e = from; e < from + group; e++) target[e] = Math.fround(scale * codes[e]!) + minimum;
    } else for (let e = from; e < from + group; e++) target[e] = scale * codes[e]!;
  }
}

/**
 * Rounds elements into blocks.
 * @param values whole rows of blocks
 * @param importance one a column, for rows of that length
 */
export function quantize(type: BlockType, values: Float32Array, importance?: Float32Array): Uint8Array {
  const { size, byteLength } = type;
  const target = new Uint8Array((values.length / size) * byteLength);
  for (let i = 0; i * size < values.length; i++) {
    const column = importance ? (i * size) % importance.length : 0;
    type.pack!(
      values.subarray(i * size, (i + 1) * size),
      target.subarray(i * byteLength, (i + 1) * byteLength),
      importance?.subarray(column, column + size),
    );
  }
  return target;
}
