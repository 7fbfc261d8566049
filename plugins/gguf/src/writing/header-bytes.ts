/** Bytes that tensors begin at multiples of. */
export const alignment = 32;

export type HeaderValue = { readonly text: string } | { readonly u32: number };

export interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  /** Number of its type. */
  readonly id: number;
  /** From where the data begins. */
  readonly offset: number;
}

/** The begin of a GGUF file of version 3, up to its data. */
export function headerBytes(values: Readonly<Record<string, HeaderValue>>, tensors: readonly TensorInfo[]): Uint8Array {
  const parts: Buffer[] = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(Object.keys(values).length)];
  for (const [key, value] of Object.entries(values)) {
    parts.push(text(key));
    if ("text" in value) parts.push(u32(8), text(value.text));
    else parts.push(u32(4), u32(value.u32));
  }
  for (const { name, shape, id, offset } of tensors)
    parts.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(id), u64(offset));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, Buffer.alloc(aligned(length) - length)]);
}

export function aligned(offset: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u64(bytes.length), bytes]);
}
