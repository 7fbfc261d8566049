import { setImmediate } from "node:timers/promises";
import { type OpenWeights, sizeOf, toFloat32 } from "@skipstep/core/plugin";
import { isPacked } from "../container/header";
import { aligned } from "./header-bytes";
import type { PlannedTensor } from "./plan";
import { errorOf, noError, type RoundedChunk, type RoundingError, roundChunk } from "./round-chunk";
import type { RoundingThreads } from "./rounding-threads";
import type { WriteQueue } from "./write-queue";
import type { WrittenType } from "./written-types";

/** Elements that are rounded before signals are heard again: a few tenths of a second at most. */
const chunkElements = 2 ** 18;

export interface WriteTensorOptions {
  readonly importance: Float32Array | undefined;
  /** Round in place of this thread. */
  readonly threads: RoundingThreads | undefined;
  readonly signal: AbortSignal;
  /** Told of each chunk that is in the file. @param count of its elements */
  onWritten(count: number, error: RoundingError): void;
}

/** Rounds a tensor, some rows at a time, and has it written with what pads it. @throws the signal's reason */
export async function writeTensor(
  queue: WriteQueue,
  weights: OpenWeights,
  { entry, type, byteLength }: PlannedTensor,
  { importance, threads, signal, onWritten }: WriteTensorOptions,
): Promise<void> {
  const [rows = 1, ...inner] = entry.shape;
  const width = sizeOf(inner);
  const step = Math.max(1, Math.floor(chunkElements / Math.max(1, width)));
  for (let row = 0; row < rows; row += step) {
    const values = toFloat32(weights.readRows(entry.name, row, Math.min(step, rows - row)), entry.dtype);
    const rounding = rounded(type, values, importance, threads);
    await queue.add(rounding, ({ error }) => onWritten(values.length, error));
    await setImmediate();
    signal.throwIfAborted();
  }
  const padding = new Uint8Array(aligned(byteLength) - byteLength);
  await queue.add(Promise.resolve({ bytes: padding, error: noError }));
}

async function rounded(
  type: WrittenType,
  values: Float32Array,
  importance: Float32Array | undefined,
  threads: RoundingThreads | undefined,
): Promise<RoundedChunk> {
  if (isPacked(type)) return threads?.round(type, values, importance) ?? roundChunk(type, values, importance);
  const bytes = type.write!(values);
  return { bytes, error: errorOf(values, toFloat32(bytes, type.dtype)) };
}
