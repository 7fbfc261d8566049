import { type BinaryFile, sizeOf } from "@skipstep/core/plugin";
import { blockTypes } from "../block-types";
import type { BlockType } from "../blocks/block-type";
import { blocksUneven, blockTypeUnknown, cutOff, headerBroken, noGguf, versionUnread } from "../errors";
import { type PlainType, plainTypes } from "../plain-types";
import { HeaderReader } from "./header-reader";
import { type Metadata, readMetadata } from "./metadata";

/** A tensor as it lies in a file. */
export interface GgufTensor {
  readonly name: string;
  readonly type: PlainType | BlockType;
  /** As torch has it, innermost dimension last. */
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

export interface GgufHeader {
  readonly metadata: Metadata;
  /** In the order of the file's list. */
  readonly tensors: readonly GgufTensor[];
}

/** More than ggml and image tools ever write. */
const mostDims = 8;
const mostTensors = 100_000;
const mostValues = 100_000;
/** Bytes that a tensor, or a value with its key, takes in a header at least. */
const leastInfo = 24;
const leastValue = 13;

/**
 * Reads all but the tensors' values, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 *
 * @throws SKIPSTEP_GGUF_MAGIC, SKIPSTEP_GGUF_VERSION, SKIPSTEP_GGUF_TRUNCATED, SKIPSTEP_GGUF_BROKEN,
 *   SKIPSTEP_GGUF_BLOCK_TYPE, SKIPSTEP_GGUF_SHAPE
 */
export function readHeader(file: BinaryFile): GgufHeader {
  checkMagic(file);
  const reader = new HeaderReader(file);
  reader.u32();
  checkVersion(file.path, reader.u32());
  const tensorCount = reader.count("the number of tensors", { least: leastInfo, most: mostTensors });
  const values = reader.count("the number of values", { least: leastValue, most: mostValues });
  const metadata = readMetadata(reader, file.path, values);
  const infos = readInfos(reader, file.path, tensorCount);
  const alignment = alignmentOf(file.path, metadata);
  const dataStart = Math.ceil(reader.position / alignment) * alignment;
  const tensors = infos.map(({ name, dims, id, offset }): GgufTensor => {
    if (offset % alignment !== 0)
      throw headerBroken(file.path, `places tensor "${name}" at byte ${offset}, no multiple of ${alignment}`);
    const stored = [...dims].reverse();
    const type = typeOf(file.path, name, id, stored);
    const byteLength = bytesOf(stored, type);
    const place = { offset: dataStart + offset, byteLength };
    const end = place.offset + byteLength;
    if (!(end <= file.size)) throw cutOff(file.path, `tensor "${name}"`, end, file.size);
    return { name, type, shape: shapeOf(file.path, name, stored, metadata), ...place };
  });
  return { metadata, tensors };
}

export function isPacked(type: PlainType | BlockType): type is BlockType {
  return "group" in type;
}

function checkMagic(file: BinaryFile): void {
  const start = file.read("its header", 0, Math.min(4, file.size));
  const text = Buffer.from(start).toString("latin1");
  if (text !== "GGUF") throw noGguf(file.path, text);
}

function checkVersion(file: string, version: number): void {
  if (version !== 0 && (version & 0xffff) === 0) throw versionUnread(file, "is big-endian");
  if (version !== 2 && version !== 3) throw versionUnread(file, `is of version ${version}`);
}

interface TensorInfo {
  readonly name: string;
  /** Innermost first. */
  readonly dims: readonly number[];
  readonly id: number;
  readonly offset: number;
}

function readInfos(reader: HeaderReader, file: string, count: number): TensorInfo[] {
  const infos = new Map<string, TensorInfo>();
  for (let i = 0; i < count; i++) {
    const info = readInfo(reader, file);
    if (infos.has(info.name)) throw headerBroken(file, `has two tensors "${info.name}"`);
    infos.set(info.name, info);
  }
  return [...infos.values()];
}

function readInfo(reader: HeaderReader, file: string): TensorInfo {
  const name = reader.text();
  const rank = reader.u32();
  if (rank > mostDims) throw headerBroken(file, `gives tensor "${name}" ${rank} dimensions`);
  const dims = Array.from({ length: rank }, reader.u64);
  return { name, dims, id: reader.u32(), offset: reader.u64() };
}

function alignmentOf(file: string, metadata: Metadata): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  const isPower = typeof alignment === "number" && alignment > 0 && Number.isInteger(Math.log2(alignment));
  if (!isPower) throw headerBroken(file, `has an alignment of ${alignment}, which is no power of two`);
  return alignment;
}

function typeOf(file: string, name: string, id: number, shape: readonly number[]): PlainType | BlockType {
  const plain = plainTypes.find((type) => type.id === id);
  if (plain) return plain;
  const packed = blockTypes.find((type) => type.id === id);
  const known = [...plainTypes, ...blockTypes].map((type) => type.name);
  if (!packed) throw blockTypeUnknown(file, name, id, known);
  if ((shape.at(-1) ?? 1) % packed.size !== 0) throw blocksUneven(file, name, shape, packed.name, packed.size);
  return packed;
}

/** What a tensor takes in a file. */
export function bytesOf(shape: readonly number[], type: PlainType | BlockType): number {
  const elements = sizeOf(shape);
  return isPacked(type) ? (elements / type.size) * type.byteLength : elements * type.itemSize;
}

/** ComfyUI's converter flattens tensors whose rows no block divides, and notes down what they were. */
function shapeOf(file: string, name: string, stored: readonly number[], metadata: Metadata): readonly number[] {
  const original = metadata.get(`comfy.gguf.orig_shape.${name}`);
  if (original === undefined) return stored;
  const isShape = Array.isArray(original) && original.every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0);
  if (!isShape || sizeOf(original as number[]) !== sizeOf(stored))
    throw headerBroken(file, `stores tensor "${name}" as [${stored}], which is not the size of its original shape`);
  return original as number[];
}
