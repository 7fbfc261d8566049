import type { BigIntStats } from "node:fs";

/** What changes when a file's content does. JSON cannot hold 64-bit numbers, so three of them are texts. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Time of the last change, nanoseconds since 1970. */
  readonly mtime_ns: string;
  /** Time of the last change of content, name or rights, which only the system sets. */
  readonly ctime_ns: string;
  readonly inode: string;
}

export function stampOf({ size, mtimeNs, ctimeNs, ino }: BigIntStats): FileStamp {
  return { size: Number(size), mtime_ns: String(mtimeNs), ctime_ns: String(ctimeNs), inode: String(ino) };
}

export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtime_ns === b.mtime_ns && a.ctime_ns === b.ctime_ns && a.inode === b.inode;
}
