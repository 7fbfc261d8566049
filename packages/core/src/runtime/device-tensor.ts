import type { DType, Tensor } from "../tensor";

/**
 * A tensor that lies with the runtime (in its worker thread). It lives until the pass over the model ends that made
 * it, unless it is kept; a kept one lives until it is released or the generation ends.
 */
export interface DeviceTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Bytes of its elements. */
  readonly byteLength: number;
  /** A copy of its elements in this thread. */
  read(): Promise<Tensor>;
  /** Keeps it beyond this pass; returns itself. What is kept is counted in the report. */
  keep(): this;
  /** Lets go of a kept tensor. */
  release(): void;
}

/** Tensors by name: `hidden`, `encoder`, or the value's own scope name. */
export type Tensors = Readonly<Record<string, DeviceTensor>>;
