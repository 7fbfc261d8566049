import { sizeOf } from "../src/tensor";
import { toFloat32 } from "../src/weights/checkpoint/to-float32";
import type { BinaryFile } from "../src/weights/formats/binary-file";
import type { FormatTensor } from "../src/weights/formats/format-weights";
import type { PackedWeight } from "../src/weights/formats/packed-weight";
import type { StoredTensors } from "./original-names";

interface Toy {
  readonly shape: readonly number[];
  readonly scale: number;
  readonly offset: number;
}

/** A line of JSON, then bytes: matrices as int8 with one scale, all others as float32 with a scale of 0. */
export function toyFile(tensors: StoredTensors): Buffer {
  const parts: Buffer[] = [];
  const toys: Record<string, Toy> = {};
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of tensors) {
    const values = toFloat32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), dtype);
    const scale = shape.length === 2 ? values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) / 127 : 0;
    const stored = scale === 0 ? values : Int8Array.from(values, (x) => Math.round(x / scale));
    toys[name] = { shape, scale, offset };
    offset += stored.byteLength;
    parts.push(Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength));
  }
  const line = JSON.stringify(toys);
  return Buffer.concat([Buffer.from(`${line.length}`.padStart(8)), Buffer.from(line), ...parts]);
}

export function toyTensors(file: BinaryFile): ReadonlyMap<string, FormatTensor> {
  const length = Number(Buffer.from(file.read("the length", 0, 8)).toString());
  const toys: Record<string, Toy> = JSON.parse(Buffer.from(file.read("the line", 8, length)).toString());
  return new Map(Object.entries(toys).map(([name, toy]) => [name, tensorOf(file, name, toy, 8 + length)]));
}

function tensorOf(file: BinaryFile, name: string, { shape, scale, offset }: Toy, start: number): FormatTensor {
  const width = sizeOf(shape) / (shape[0] ?? 1);
  const at = { dtype: "float32", shape, file: file.path, offset: start + offset } as const;
  const bytesOf = (first: number, count: number, size: number): Uint8Array =>
    file.read(name, start + offset + first * width * size, count * width * size);
  if (scale === 0) return { ...at, readRows: (first, count) => bytesOf(first, count, 4) };
  const codes = (first: number, count: number): Int8Array => new Int8Array(bytesOf(first, count, 1).buffer);
  const packed = (first: number, count: number): PackedWeight => ({
    format: "toy:eight",
    byteLength: count * width,
    parameters: { scale },
    tensors: {
      codes: {
        dtype: "int8",
        shape: [count, width],
        read: () => ({ dtype: "int8", shape: [count, width], data: codes(first, count) }),
      },
    },
    rows: (from, rows) => packed(first + from, rows),
  });
  return {
    ...at,
    readRows: (first, count) => new Uint8Array(Float32Array.from(codes(first, count), (code) => code * scale).buffer),
    packed: packed(0, shape[0]!),
  };
}
