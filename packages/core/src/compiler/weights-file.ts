import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { throwIfAborted } from "../engine/cancel";
import { countNonFinite, type NonFinite } from "./non-finite";
import { payloadBytes } from "./payload-bytes";
import type { WeightsLayout } from "./weights-layout";

/** What was found while a file of weights was written. */
export interface WrittenWeights {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
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
    const sha256 = createHash("sha256");
    const nonFinite: NonFinite[] = [];
    let end = 0;
    for (const { value, offset } of layout.stored) {
      throwIfAborted(signal);
      await append(file, sha256, new Uint8Array(offset - end));
      const bytes = payloadBytes(value);
      const found = countNonFinite(value, bytes);
      if (found) nonFinite.push(found);
      await append(file, sha256, bytes);
      end = offset + bytes.byteLength;
      onWritten?.(end);
    }
    throwIfAborted(signal);
    return { sha256: sha256.digest("hex"), nonFinite };
  } finally {
    await file.close();
  }
}

async function append(file: FileHandle, sha256: Hash, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.byteLength; from += pieceLength) {
    const piece = bytes.subarray(from, from + pieceLength);
    const writing = file.appendFile(piece);
    sha256.update(piece);
    await writing;
  }
}
