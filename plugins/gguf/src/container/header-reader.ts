import type { BinaryFile } from "@skipstep/core/plugin";
import { cutOff, headerBroken } from "../errors";

/** Bytes that are read from the file at once. */
const chunkLength = 2 ** 18;

/** A chat template, or a tokenizer in JSON. */
const longestText = 2 ** 26;

/** Reads numbers and texts one after the other from a file's begin. */
export class HeaderReader {
  /** Byte of the file that comes next. */
  position = 0;
  private chunk: Buffer = Buffer.alloc(0);
  private chunkStart = 0;

  constructor(private readonly file: BinaryFile) {}

  u8 = (): number => this.take(1).readUInt8();
  i8 = (): number => this.take(1).readInt8();
  u16 = (): number => this.take(2).readUInt16LE();
  i16 = (): number => this.take(2).readInt16LE();
  u32 = (): number => this.take(4).readUInt32LE();
  i32 = (): number => this.take(4).readInt32LE();
  f32 = (): number => this.take(4).readFloatLE();
  f64 = (): number => this.take(8).readDoubleLE();
  i64 = (): number => Number(this.take(8).readBigInt64LE());
  u64 = (): number => Number(this.take(8).readBigUInt64LE());
  bool = (): boolean => this.u8() !== 0;
  text = (): string => this.take(this.count("a text's length", { least: 1, most: longestText })).toString("utf8");

  /**
   * A 64-bit count of things that follow, which the rest of the file has room for.
   * @param least bytes that each of them takes at least @param most how many there may be
   */
  count(what: string, { least, most }: { readonly least: number; readonly most: number }): number {
    const count = this.u64();
    const hasRoom = this.position + count * least <= this.file.size;
    if (count > most && (hasRoom || !Number.isSafeInteger(count)))
      throw headerBroken(this.file.path, `gives ${count} as ${what}, and ${most} is the most`);
    this.need(count * least);
    return count;
  }

  private take(length: number): Buffer {
    this.need(length);
    const start = this.position - this.chunkStart;
    if (start + length > this.chunk.length) this.fill(length);
    const from = this.position - this.chunkStart;
    this.position += length;
    return this.chunk.subarray(from, from + length);
  }

  private fill(length: number): void {
    const size = Math.min(Math.max(length, chunkLength), this.file.size - this.position);
    this.chunk = Buffer.from(this.file.read("its header", this.position, size).buffer);
    this.chunkStart = this.position;
  }

  /** @throws SKIPSTEP_GGUF_TRUNCATED */
  private need(length: number): void {
    const end = this.position + length;
    if (end > this.file.size) throw cutOff(this.file.path, "its header", end, this.file.size);
  }
}
