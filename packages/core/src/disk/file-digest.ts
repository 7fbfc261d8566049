import { createHash } from "node:crypto";
import { closeSync, fstatSync, realpathSync } from "node:fs";
import { noteDigest, notedDigest } from "./digest-notes";
import { openFile, readSome } from "./file-bytes";
import { type FileStamp, sameStamp, stampOf } from "./file-stamp";

/** The hash of a file's content, and what the file was when it was hashed. */
export interface FileDigest {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly stamp: FileStamp;
}

/** Bytes. */
const chunkLength = 4 * 2 ** 20;

/**
 * Nanoseconds within which a second change may have the same time as the first: its hash is not noted. File systems that
 * count in 2 seconds do so for the time of content; the system's own clock ticks every 10 milliseconds at least.
 */
const settled = { mtime: 2_000_000_000n, ctime: 10_000_000n };

/**
 * Hashes a file's content, or looks the hash up when the file is as it was the last time.
 *
 * @param cacheDir folder of `checkpoints.json`; made when it is missing
 * @throws SKIPSTEP_WEIGHTS_UNREADABLE
 */
export function fileDigest(path: string, cacheDir: string): FileDigest {
  const { descriptor, stats } = openFile(path);
  try {
    const stamp = stampOf(stats);
    const realPath = realpathSync(path);
    const noted = notedDigest(cacheDir, realPath);
    if (noted && sameStamp(noted, stamp)) return { sha256: noted.sha256, stamp };

    const now = BigInt(Date.now()) * 1_000_000n;
    const isSettled = now - stats.mtimeNs > settled.mtime && now - stats.ctimeNs > settled.ctime;
    const sha256 = hash(descriptor, path);
    const isUnchanged = sameStamp(stamp, stampOf(fstatSync(descriptor, { bigint: true })));
    if (isUnchanged && isSettled) noteDigest(cacheDir, realPath, { ...stamp, sha256 });
    return { sha256, stamp };
  } finally {
    closeSync(descriptor);
  }
}

function hash(descriptor: number, path: string): string {
  const sha256 = createHash("sha256");
  const chunk = new Uint8Array(chunkLength);
  let position = 0;
  for (;;) {
    const count = readSome(descriptor, path, chunk, position);
    if (count === 0) return sha256.digest("hex");
    sha256.update(chunk.subarray(0, count));
    position += count;
  }
}
