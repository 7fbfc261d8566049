import { closeSync, openSync, writeSync } from "node:fs";
import { safetensorsName } from "@skipstep/contract/graph";
import { type DType, itemSize, sizeOf } from "@skipstep/core/model";

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its little-endian elements, piece by piece. */
  pieces(): Iterable<Uint8Array>;
}

/** Writes a safetensors file, https://github.com/huggingface/safetensors, without holding a tensor in memory. */
export function writeSafetensors(path: string, tensors: readonly TensorToWrite[]): void {
  const header: Record<string, object> = {};
  let end = 0;
  for (const { name, dtype, shape } of tensors) {
    const begin = end;
    end += sizeOf(shape) * itemSize[dtype];
    header[name] = { dtype: safetensorsName(dtype), shape, data_offsets: [begin, end] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  try {
    writeSync(file, length);
    writeSync(file, text);
    for (const { pieces } of tensors) for (const piece of pieces()) writeSync(file, piece);
  } finally {
    closeSync(file);
  }
}
