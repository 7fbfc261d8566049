import type { DType, Tensor } from "../../tensor";
import type { PackedWeight } from "../formats/packed-weight";

/** Where one tensor lies. */
export interface TensorEntry {
  /** `layers.0.attention.to_q.weight` */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Path of the file that holds it. */
  readonly file: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** All tensors of one component, by name. Values are read when they are asked for and are not kept. */
export interface WeightSource {
  /** What reads them, where core does not: `gguf`. */
  readonly format?: string | undefined;
  /** In the order in which they lie in the files. */
  readonly names: readonly string[];
  /** Types of tensors that cannot be read, in the header's words, by their names: `F4`. */
  readonly unread?: ReadonlyMap<string, string> | undefined;
  /** Whether there is a tensor of that name. */
  has(name: string): boolean;
  /** @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_DTYPE for one of a type that is not read */
  entry(name: string): TensorEntry;
  /** The entry of a tensor that must have this shape. @throws SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_SHAPE */
  expect(name: string, shape: readonly number[]): TensorEntry;
  /** The tensor as it is stored. */
  read(name: string): Tensor;
  /** The values as float32, row-major. */
  readFloat32(name: string): Float32Array;
  /**
   * The bytes of some rows (slices of the first axis), as they are stored: for tensors too large to be held at once.
   * A tensor without axes is one row. `toFloat32` turns them into numbers.
   */
  readRows(name: string, firstRow: number, rowCount: number): Uint8Array;
  /** The tensor as a plugin's format packs it, where it is stored so. Its entry and values are what they were before. */
  packed?(name: string): PackedWeight | undefined;
  /** How the tensor is stored, where core reads it out of a packed or scaled form. Its entry and values are what they were before. */
  stored?(name: string): StoredAs | undefined;
  /**
   * A hash of the files' content, 64 hexadecimal digits: where it is equal, all tensors are.
   * @param cacheDir where hashes of files seen before are noted; made when it is missing
   */
  identity(cacheDir: string): string;
}

/** A form in which a weight is stored, for people. */
export interface StoredAs {
  /** `sdnq:uint4`, `fp8:e4m3fn scaled` */
  readonly format: string;
  /** Bytes in the file, scales included. */
  readonly byteLength: number;
}

/** A source whose files are open, until whoever opened it closes it. */
export interface OpenWeights extends WeightSource {
  /** How the files name their tensors: `diffusers`, or what they are converted from. */
  readonly layout: string;
  /** What the files say of themselves: `__metadata__` of safetensors. The same object each time. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** May be called again. */
  close(): void;
}
