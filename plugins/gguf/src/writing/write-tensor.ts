import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type OpenWeights, sizeOf, toFloat32 } from "@skipstep/core";
import { isPacked } from "../container/header";
import type { PlannedTensor } from "./plan";
import { errorOf, type RoundedChunk, type RoundingError, roundChunk } from "./round-chunk";
import type { RoundingThreads } from "./rounding-threads";
import type { WrittenType } from "./written-types";

/** Elements that are rounded before signals are heard again: a few tenths of a second at most. */
const chunkElements = 2 ** 18;

export interface WriteTensorOptions {
  readonly importance: Float32Array | undefined;
  /** Round in place of this thread. */
  readonly threads: RoundingThreads | undefined;
  readonly signal: AbortSignal;
  onElements(count: number): void;
}

/** Rounds and writes a tensor, some rows at a time. @throws the signal's reason */
export async function writeTensor(
  file: FileHandle,
  weights: OpenWeights,
  { entry, type }: PlannedTensor,
  { importance, threads, signal, onElements }: WriteTensorOptions,
): Promise<RoundingError> {
  const [rows = 1, ...inner] = entry.shape;
  const width = sizeOf(inner);
  const step = Math.max(1, Math.floor(chunkElements / Math.max(1, width)));
  let [lost, whole, nonFinite] = [0, 0, 0];
  const write = async ({ count, rounding }: Chunk): Promise<void> => {
    const { bytes, error } = await rounding;
    lost += error.lost;
    whole += error.whole;
    nonFinite += error.nonFinite;
    await file.appendFile(bytes);
    onElements(count);
  };
  // One more than there are threads, so that none waits for its next rows.
  const underWay: Chunk[] = [];
  for (let row = 0; row < rows; row += step) {
    const values = toFloat32(weights.readRows(entry.name, row, Math.min(step, rows - row)), entry.dtype);
    const rounding = rounded(type, values, importance, threads);
    rounding.catch(() => undefined); // its turn to be written may never come
    underWay.push({ count: values.length, rounding });
    if (underWay.length > (threads?.count ?? 0)) await write(underWay.shift()!);
    await setImmediate();
    signal.throwIfAborted();
  }
  for (const chunk of underWay) await write(chunk);
  return { lost, whole, nonFinite };
}

interface Chunk {
  /** Elements. */
  readonly count: number;
  readonly rounding: Promise<RoundedChunk>;
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
