import type { BigIntStats } from "node:fs";

/** What changes when a file's content does. JSON cannot hold 64-bit numbers, so two of them are texts. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Time of the last change, nanoseconds since 1970. */
  readonly mtime_ns: string;
  readonly inode: string;
}

export function stampOf({ size, mtimeNs, ino }: BigIntStats): FileStamp {
  return { size: Number(size), mtime_ns: String(mtimeNs), inode: String(ino) };
}

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtime_ns === b.mtime_ns && a.inode === b.inode;
}
