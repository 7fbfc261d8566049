import type { DType } from "../tensor";
import type { PackedWeight } from "../weights/formats/packed-weight";
import type { Graph } from "./graph";
import type { Value } from "./value";

/** How a convolution steps over its input. */
export interface ConvOptions {
  readonly stride?: number;
  /** Zeros around the input: the same on all sides, or `[top, left, bottom, right]`. */
  readonly padding?: number | readonly [number, number, number, number];
}

/** One weight that an op is about to use, as `weight-load` hooks see it. */
export interface Weight {
  /** The checkpoint's name: `layers.0.attention.to_q.weight`. */
  readonly name: string;
  /** The component that it belongs to: `transformer`. */
  readonly component: string;
  readonly role: "linear" | "conv" | "embedding";
  /** As in the checkpoint, but for filters over frames: linear `[N, K]`, conv `[N, C, kh, kw]`, embedding `[rows, D]`. */
  readonly shape: readonly number[];
  /** As in the checkpoint. */
  readonly dtype: DType;
  /** What the op reads: linear `[..., K]`, conv `[B, C, H, W]`, embedding ids. The same value for linears that share it. */
  readonly input: Value;
  /** Steps and padding, for `role: "conv"`. */
  readonly conv?: ConvOptions;
  /** Equal keys mean equal values; part of the key of anything derived from this weight. */
  readonly key: string;
  /** How the checkpoint packs it, where it does: to be stored without loss. Its values are those before packing. */
  readonly packed?: PackedWeight;
  /** Reads the values as float32, row-major. Call it from a payload's `bytes`, so that building stays cheap. */
  read(): Float32Array;
}

/** A plugin's answer: how a weight is stored, and the op that uses it. */
export interface WeightForm {
  /** Bytes of the weight in memory at run time, scales included. */
  readonly byteLength: number;
  /** One word or two for reports: `nf4`, `int8`. */
  readonly form: string;
  /**
   * Relative L1 error of what the op gives that is another at each step, as where activations are rounded to 8 bits:
   * about 0.007. An error of the weight alone is none of it: it is always the same, and cancels between two steps.
   */
  readonly noise?: number;
  /**
   * Emits the op.
   * @param input linear `[..., K]`, conv `[B, C, H, W]`, embedding ids
   * @param bias `[N]`, when the layer has one; the returned value includes it
   */
  emit(graph: Graph, input: Value, bias: Value | undefined): Value;
}
