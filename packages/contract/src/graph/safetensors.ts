import type { DType, Tensor } from "@skipstep/core/model";
import { storedTypes } from "./stored-types";

/** A tensor as it is written: little-endian elements in whatever they are kept in. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: ArrayBufferView;
}

/** The bytes of a sound safetensors file. */
export function safetensors(tensors: Readonly<Record<string, StoredTensor | Tensor>>): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, tensor] of Object.entries(tensors)) {
    const { buffer, byteOffset, byteLength } = "bytes" in tensor ? tensor.bytes : tensor.data;
    header[name] = { dtype: safetensorsName(tensor.dtype), shape: tensor.shape, data_offsets: [end, end + byteLength] };
    end += byteLength;
    parts.push(Buffer.from(buffer, byteOffset, byteLength));
  }
  return withHeader(JSON.stringify(header), Buffer.concat(parts));
}

/** The length of a header, the header and what follows it, sound or not. */
export function withHeader(header: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}

/** `"bfloat16"` to `"BF16"`. */
export function safetensorsName(dtype: DType): string {
  const found = storedTypes.find(([, known]) => known === dtype);
  if (!found) throw new Error(`safetensors have no ${dtype}`);
  return found[0];
}
