import { type FileHandle, open } from "node:fs/promises";
import { throwIfAborted } from "../runtime/cancel";
import { ChunkHasher } from "./chunk-hashes";
import { countNonFinite, type NonFinite } from "./non-finite";
import { payloadBytes } from "./payload-bytes";
import type { WeightsLayout } from "./weights-layout";

/** What was found while a file of weights was written. */
export interface WrittenWeights {
  /** Hashes of its pieces, as `ChunkHasher` has them. */
  readonly chunks: readonly string[];
  readonly nonFinite: readonly NonFinite[];
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of the bytes written so far, after each payload. */
  readonly onWritten?: ((bytes: number) => void) | undefined;
}

/** Bytes that are hashed while they are written. */
const pieceLength = 8 * 2 ** 20;

/**
 * Writes the payloads one after the other; each is made when its turn comes and dropped then.
 *
 * @throws SKIPSTEP_CANCELLED between two payloads, what `payloadBytes` throws, and what the system does
 */
export async function writeWeights(
  path: string,
  layout: WeightsLayout,
  { signal, onWritten }: WriteOptions = {},
): Promise<WrittenWeights> {
  const file = await open(path, "wx");
  try {
    const hasher = new ChunkHasher();
    const nonFinite: NonFinite[] = [];
    let end = 0;
    for (const { value, offset } of layout.stored) {
      throwIfAborted(signal);
      await append(file, hasher, new Uint8Array(offset - end));
      const bytes = payloadBytes(value);
      const found = countNonFinite(value, bytes);
      if (found) nonFinite.push(found);
      await append(file, hasher, bytes);
      end = offset + bytes.byteLength;
      onWritten?.(end);
    }
    throwIfAborted(signal);
    await file.datasync(); // what is renamed later is whole, also after a power cut
    return { chunks: hasher.digest(), nonFinite };
  } finally {
    await file.close();
  }
}

async function append(file: FileHandle, hasher: ChunkHasher, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.byteLength; from += pieceLength) {
    const piece = bytes.subarray(from, from + pieceLength);
    const writing = file.appendFile(piece);
    hasher.update(piece);
    await writing;
  }
}
