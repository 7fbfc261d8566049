import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";

/** Bytes that have a hash of their own. */
export const chunkLength = 2 ** 20;

/** Hashes a file in chunks while it is written. */
export class ChunkHasher {
  private readonly chunks: string[] = [];
  private hash: Hash = createHash("sha256");
  private filled = 0;

  /** Takes the next bytes. */
  update(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.byteLength; ) {
      const piece = bytes.subarray(from, from + chunkLength - this.filled);
      this.hash.update(piece);
      this.filled += piece.byteLength;
      from += piece.byteLength;
      if (this.filled === chunkLength) this.next();
    }
  }

  /** @returns the first 32 hexadecimal digits of each chunk's SHA-256; the last one may be shorter than the others */
  digest(): string[] {
    if (this.filled > 0) this.next();
    return this.chunks;
  }

  private next(): void {
    this.chunks.push(this.hash.digest("hex").slice(0, 32));
    this.hash = createHash("sha256");
    this.filled = 0;
  }
}

/**
 * The first chunk of a file that is not as its hash says, by number; `undefined` when all are.
 *
 * @param which numbers of those that are looked at; all when left out
 * @throws what the system does when it cannot be read
 */
export async function changedChunk(
  path: string,
  hashes: readonly string[],
  which: Iterable<number> = hashes.keys(),
): Promise<number | undefined> {
  const buffer = new Uint8Array(chunkLength);
  const file = await open(path, "r");
  try {
    for (const chunk of which) {
      const { bytesRead } = await file.read(buffer, 0, chunkLength, chunk * chunkLength);
      const hasher = new ChunkHasher();
      hasher.update(buffer.subarray(0, bytesRead));
      if (hasher.digest()[0] !== hashes[chunk]) return chunk;
    }
    return undefined;
  } finally {
    await file.close();
  }
}
