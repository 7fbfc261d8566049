import type { DType, Tensor } from "../../tensor";

/** A weight as a file packs it: what a plugin stores without loss, where a kernel takes the same form. */
export interface PackedWeight {
  /** The format and its kind: `gguf:Q4_K`, `bnb:nf4`. */
  readonly format: string;
  /** Bytes in the file, scales included. */
  readonly byteLength: number;
  /** Codes, scales and whatever else it is made of, by the format's own names. */
  readonly tensors: Readonly<Record<string, PackedTensor>>;
  /** What else is needed to read them: `{ block_size: 64 }`. Part of what equal keys promise to be equal. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Some rows (slices of the first axis) of it; `undefined` where they cannot be cut out. */
  rows?(first: number, count: number): PackedWeight | undefined;
}

/** A tensor that is read when it is asked for. */
export interface PackedTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its values as they are stored, row-major. */
  read(): Tensor;
}
