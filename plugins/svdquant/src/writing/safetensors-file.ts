import { type FileHandle, open } from "node:fs/promises";

/** A tensor to write. */
export interface PlannedTensor {
  readonly name: string;
  /** As safetensors name it: `F16`, `I8`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A safetensors file that is written tensor by tensor, in any order, https://github.com/huggingface/safetensors. */
export class SafetensorsWriter {
  private constructor(
    private readonly file: FileHandle,
    private readonly places: ReadonlyMap<string, { readonly offset: number; readonly byteLength: number }>,
  ) {}

  static async create(
    path: string,
    tensors: readonly PlannedTensor[],
    metadata: Readonly<Record<string, string>>,
  ): Promise<SafetensorsWriter> {
    const header: Record<string, unknown> = { __metadata__: metadata };
    let end = 0;
    for (const { name, dtype, shape, byteLength } of tensors) {
      header[name] = { dtype, shape, data_offsets: [end, end + byteLength] };
      end += byteLength;
    }
    const text = Buffer.from(JSON.stringify(header));
    const length = Math.ceil(text.length / 8) * 8; // tensors begin at a multiple of 8
    const bytes = Buffer.alloc(8 + length, " ");
    bytes.writeBigUInt64LE(BigInt(length));
    text.copy(bytes, 8);
    const places = new Map<string, { offset: number; byteLength: number }>();
    let offset = bytes.length;
    for (const { name, byteLength } of tensors) {
      places.set(name, { offset, byteLength });
      offset += byteLength;
    }
    const file = await open(path, "wx");
    await file.write(bytes, 0, bytes.length, 0);
    return new SafetensorsWriter(file, places);
  }

  /** @param from first byte, counted from the tensor's start */
  async write(name: string, bytes: Uint8Array, from = 0): Promise<void> {
    const place = this.places.get(name);
    if (!place || from + bytes.byteLength > place.byteLength)
      throw new RangeError(`"${name}" has no place for ${from + bytes.byteLength} bytes`);
    for (let done = 0; done < bytes.byteLength; ) {
      const { bytesWritten } = await this.file.write(bytes, done, bytes.byteLength - done, place.offset + from + done);
      done += bytesWritten;
    }
  }

  /** Has the system write everything out. */
  async finish(): Promise<void> {
    await this.file.sync();
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}
