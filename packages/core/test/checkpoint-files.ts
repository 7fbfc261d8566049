import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { SkipstepError } from "../src/errors/error";
import type { DType } from "../src/tensor";
import { safetensorsName } from "../src/weights/checkpoint/dtypes";

export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: ArrayBufferView;
}

/** A folder that is removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "skipstep-checkpoint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file, and the folders that it lies in. @returns its path */
export function write(path: string, content: string | Uint8Array): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A sound safetensors file. */
export function safetensors(tensors: Readonly<Record<string, StoredTensor>>): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  const parts: Buffer[] = [];
  let end = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype: safetensorsName(dtype), shape, data_offsets: [end, end + bytes.byteLength] };
    end += bytes.byteLength;
    parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  return withHeader(JSON.stringify(header), Buffer.concat(parts));
}

/** The length of a header, the header and what follows it, sound or not. */
export function withHeader(header: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}

/** A float32 tensor of one axis. */
export function vector(...values: number[]): StoredTensor {
  return { dtype: "float32", shape: [values.length], bytes: Float32Array.from(values) };
}

/** What a call throws, as `code: message`. */
export function thrown(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    const { code, message } = error as SkipstepError;
    return `${code}: ${message}`;
  }
  return "nothing was thrown";
}

/** The lowest file descriptors that are free; others when a file was left open. @param file any that can be opened */
export function freeDescriptors(file: string): number[] {
  const lowest = [openSync(file, "r"), openSync(file, "r"), openSync(file, "r")];
  for (const descriptor of lowest) closeSync(descriptor);
  return lowest;
}
