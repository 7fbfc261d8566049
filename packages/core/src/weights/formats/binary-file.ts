import { closeSync } from "node:fs";
import { openFile, readBytes } from "../../disk/file-bytes";
import { fileDigest } from "../../disk/file-digest";
import { type FileStamp, sameStamp, stampOf } from "../../disk/file-stamp";
import { weightsChanged, weightsClosed } from "../../errors/checkpoint";

/** A file of a plugin's format, open until it is closed. */
export class BinaryFile {
  private isOpen = true;

  private constructor(
    readonly path: string,
    /** Bytes. */
    readonly size: number,
    private readonly descriptor: number,
    private readonly stamp: FileStamp,
  ) {}

  /** @throws SKIPSTEP_WEIGHTS_UNREADABLE */
  static open(path: string): BinaryFile {
    const { descriptor, stats } = openFile(path);
    return new BinaryFile(path, Number(stats.size), descriptor, stampOf(stats));
  }

  /** @param what is read, for errors: `tensor "x"`  @throws SKIPSTEP_WEIGHTS_TRUNCATED, SKIPSTEP_WEIGHTS_CLOSED */
  read(what: string, from: number, byteLength: number): Uint8Array {
    if (!this.isOpen) throw weightsClosed(this.path);
    const bytes = new Uint8Array(byteLength);
    readBytes(this.descriptor, this.path, what, bytes, from);
    return bytes;
  }

  /** A hash of its content. @throws SKIPSTEP_WEIGHTS_CHANGED when it is no longer what was opened */
  identity(cacheDir: string): string {
    const { sha256, stamp } = fileDigest(this.path, cacheDir);
    if (!sameStamp(stamp, this.stamp)) throw weightsChanged(this.path);
    return sha256;
  }

  /** May be called again. */
  close(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }
}
