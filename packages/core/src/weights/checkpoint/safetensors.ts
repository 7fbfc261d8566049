import { closeSync } from "node:fs";
import { openFile, readBytes } from "../../disk/file-bytes";
import { type FileStamp, stampOf } from "../../disk/file-stamp";
import { weightsClosed } from "../../errors/checkpoint";
import { type Header, parseHeader, readHeader } from "./safetensors-header";
import type { TensorEntry } from "./weight-source";

/** One safetensors file, open. Its header has been read and checked; tensors are read from their place on demand. */
export class SafetensorsFile {
  private isOpen = true;

  private constructor(
    readonly path: string,
    private readonly descriptor: number,
    private readonly header: Header,
    /** What the file was when its header was read. */
    readonly stamp: FileStamp,
  ) {}

  /** In the order in which they lie in the file. */
  get entries(): readonly TensorEntry[] {
    return this.header.entries;
  }

  /** Types of tensors that are not read, by their names. */
  get unread(): ReadonlyMap<string, string> {
    return this.header.unread;
  }

  /** What it says of itself. */
  get metadata(): Readonly<Record<string, unknown>> {
    return this.header.metadata;
  }

  /** @throws what `readHeader` and `parseHeader` throw */
  static open(path: string): SafetensorsFile {
    const { descriptor, stats } = openFile(path);
    try {
      const size = Number(stats.size);
      const header = readHeader(descriptor, path, size);
      return new SafetensorsFile(path, descriptor, parseHeader(path, header, size), stampOf(stats));
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /**
   * Fills `target` with bytes of a tensor of this file.
   *
   * @param from first byte, counted from the tensor's start
   * @throws SKIPSTEP_WEIGHTS_CLOSED; SKIPSTEP_WEIGHTS_TRUNCATED when the file became shorter since it was opened
   */
  readInto({ name, offset }: TensorEntry, target: Uint8Array, from = 0): void {
    if (!this.isOpen) throw weightsClosed(this.path);
    readBytes(this.descriptor, this.path, `tensor "${name}"`, target, offset + from);
  }

  close(): void {
    if (this.isOpen) closeSync(this.descriptor);
    this.isOpen = false;
  }
}
