/** A GGUF file written by hand, sound or not. */
export interface Written {
  readonly magic?: string;
  readonly version?: number;
  /** Each as key, type number and the value's bytes. */
  readonly values?: readonly (readonly [key: string, type: number, bytes: Uint8Array])[];
  readonly tensors?: readonly WrittenTensor[];
  readonly data?: Uint8Array;
  /** Bytes that data begins at multiples of. */
  readonly alignment?: number;
}

export interface WrittenTensor {
  readonly name: string;
  /** Innermost first, as in the file. */
  readonly dims: readonly number[];
  readonly id: number;
  readonly offset: number;
}

export function ggufBytes({
  magic = "GGUF",
  version = 3,
  values = [],
  tensors = [],
  data = new Uint8Array(),
  alignment = 32,
}: Written): Buffer {
  const parts: Uint8Array[] = [Buffer.from(magic, "latin1"), u32(version), u64(tensors.length), u64(values.length)];
  for (const [key, type, bytes] of values) parts.push(text(key), u32(type), bytes);
  for (const { name, dims, id, offset } of tensors)
    parts.push(text(name), u32(dims.length), ...dims.map(u64), u32(id), u64(offset));
  const header = Buffer.concat(parts);
  const padding = Buffer.alloc(Math.ceil(header.length / alignment) * alignment - header.length);
  return Buffer.concat([header, padding, data]);
}

export function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** A list of int32: type 9. */
export function ints(...values: number[]): Buffer {
  return Buffer.concat([u32(5), u64(values.length), ...values.map(u32)]);
}

export function floatBytes(values: Iterable<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}
