import { type DType, itemSize, sizeOf } from "../../tensor";
import type { PackedWeight } from "../formats/packed-weight";
import type { StoredAs, WeightSource } from "./weight-source";

/** One tensor of a source of weights: what is said of each, from which all that is asked of the source follows. */
export interface SourceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Path of the file that holds it, and where it begins there. */
  readonly file: string;
  readonly offset: number;
  /** Elements of `dtype`, little-endian, of some rows (slices of the first axis; a tensor without axes is one row). */
  readRows(first: number, count: number): Uint8Array;
  /** The values, where there is a shorter way than through all rows at once. Whoever asks may write into them. */
  readFloat32?(): Float32Array;
  readonly packed?: PackedWeight | undefined;
  readonly stored?: StoredAs | undefined;
  /**
   * For a form that does not tell its shape: the tensor, read as one of the shape that a model asks for.
   * @returns `undefined` where it cannot be one
   */
  fit?(shape: readonly number[]): SourceTensor | undefined;
}

/** One of a source's tensors, for a source that is made of another. */
export function tensorIn(source: WeightSource, name: string): SourceTensor {
  const { dtype, shape, file, offset } = source.entry(name);
  return {
    ...{ dtype, shape, file, offset },
    readRows: (first, count) => source.readRows(name, first, count),
    readFloat32: () => source.readFloat32(name),
    get packed() {
      return source.packed?.(name);
    },
    get stored() {
      return source.stored?.(name);
    },
  };
}

/** Bytes. */
export function rowLength({ dtype, shape }: Pick<SourceTensor, "dtype" | "shape">): number {
  return sizeOf(shape.slice(1)) * itemSize[dtype];
}
