import type { OpenWeights, TensorEntry } from "@skipstep/core/plugin";
import { bytesOf } from "../container/header";
import { chooseType } from "./choose-type";
import { aligned } from "./header-bytes";
import type { Rule } from "./rules";
import type { WrittenType } from "./written-types";

/** One tensor of the file to be written. */
export interface PlannedTensor {
  readonly entry: TensorEntry;
  readonly type: WrittenType;
  /** What it should have been, where its rows do not divide into blocks. */
  readonly instead?: WrittenType;
  /** Bytes from where the data begins. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Types and places of all tensors, in the order of their names in the source. */
export function planTensors(weights: OpenWeights, type: WrittenType, rules: readonly Rule[]): PlannedTensor[] {
  let offset = 0;
  return weights.names.map((name) => {
    const entry = weights.entry(name);
    const chosen = chooseType(entry, type, rules);
    const byteLength = bytesOf(entry.shape, chosen.type);
    const planned = { entry, ...chosen, offset, byteLength };
    offset = aligned(offset + byteLength);
    return planned;
  });
}
