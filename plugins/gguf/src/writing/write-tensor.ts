import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type OpenWeights, sizeOf, toFloat32 } from "@skipstep/core";
import { dequantize, quantize } from "../blocks/block-type";
import { isPacked } from "../container/header";
import type { PlannedTensor } from "./plan";

/** Elements that are rounded before signals are heard again: a few tenths of a second at most. */
const chunkElements = 2 ** 18;

/** What rounding did to a tensor. */
export interface RoundingError {
  /** Sums of squares: of what was lost, and of all there was. */
  readonly lost: number;
  readonly whole: number;
  /** Numbers that are infinite or none. */
  readonly nonFinite: number;
}

export interface WriteTensorOptions {
  readonly importance: Float32Array | undefined;
  readonly signal: AbortSignal;
  onElements(count: number): void;
}

/** Rounds and writes a tensor, some rows at a time. @throws the signal's reason */
export async function writeTensor(
  file: FileHandle,
  weights: OpenWeights,
  { entry, type }: PlannedTensor,
  { importance, signal, onElements }: WriteTensorOptions,
): Promise<RoundingError> {
  const [rows = 1, ...inner] = entry.shape;
  const width = sizeOf(inner);
  const step = Math.max(1, Math.floor(chunkElements / Math.max(1, width)));
  let [lost, whole, nonFinite] = [0, 0, 0];
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row);
    const values = toFloat32(weights.readRows(entry.name, row, count), entry.dtype);
    const bytes = isPacked(type) ? quantize(type, values, importance) : type.write!(values);
    const stored = isPacked(type) ? dequantize(type, bytes) : toFloat32(bytes, type.dtype);
    for (let i = 0; i < values.length; i++) {
      const [value, difference] = [values[i]!, values[i]! - stored[i]!];
      if (!Number.isFinite(value)) nonFinite++;
      else {
        lost += difference * difference;
        whole += value * value;
      }
    }
    await file.appendFile(bytes);
    onElements(values.length);
    await setImmediate();
    signal.throwIfAborted();
  }
  return { lost, whole, nonFinite };
}
