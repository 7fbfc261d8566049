import { readBytes } from "../../disk/file-bytes";
import { tensorBroken, weightsInvalid, weightsTruncated } from "../../errors/checkpoint";
import { messageOf } from "../../errors/error";
import { isObject } from "../../schema/json";
import { JsonError, parseJson } from "../../schema/parse-json";
import { itemSize, sizeOf } from "../../tensor";
import { dtypeOf } from "./dtypes";
import type { TensorEntry } from "./weight-source";

/** Bytes before the header: its length as a 64-bit number. */
export const prefixLength = 8;

/** The format's own limit. */
const longestHeader = 100_000_000;

/** Enough for 200,000 tensors; the format nests three deep. */
const headerLimits = { depth: 8, values: 2_000_000 };

/**
 * Reads the header of an open file.
 *
 * @throws SKIPSTEP_WEIGHTS_UNREADABLE and what `headerLength` throws
 */
export function readHeader(descriptor: number, path: string, fileSize: number): Buffer {
  const start = Buffer.alloc(Math.min(fileSize, 2 * prefixLength));
  readBytes(descriptor, path, "its header", start, 0);
  const header = Buffer.alloc(headerLength(path, start, fileSize));
  readBytes(descriptor, path, "its header", header, prefixLength);
  return header;
}

/**
 * Length of the header in bytes, from the file's first bytes.
 *
 * @param start the file's first bytes, 16 of them if it has as many
 * @throws SKIPSTEP_WEIGHTS_INVALID, SKIPSTEP_WEIGHTS_TRUNCATED
 */
export function headerLength(file: string, start: Buffer, fileSize: number): number {
  if (fileSize === 0) throw weightsInvalid(file, "it is empty");
  const length = start.length > prefixLength ? Number(start.readBigUInt64LE()) : 0;
  // Some writers fill up with blanks in front of the header and not behind it.
  const isObject = /^[ \t\r\n]*(\{|$)/.test(start.toString("latin1", prefixLength));
  if (length < 2 || length > longestHeader || !isObject)
    throw weightsInvalid(file, `it is no safetensors file${guess(start)}`);
  if (prefixLength + length > fileSize) throw weightsTruncated(file, "its header", prefixLength + length, fileSize);
  return length;
}

/** What a header lists. */
export interface Header {
  /** Every tensor of a known type, in the order in which they lie in the file. */
  readonly entries: readonly TensorEntry[];
  /** Types of the others, as the header names them, by the tensors' names: a file may hold what no model asks for. */
  readonly unread: ReadonlyMap<string, string>;
  /** What the file says of itself, `__metadata__`. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/**
 * Reads and checks a header: shapes that fit the bytes, and tensors that lie one after another from the header's end to
 * the file's end, as the format demands.
 *
 * @param json the header's bytes
 * @param fileSize bytes of the whole file
 * @throws SKIPSTEP_WEIGHTS_INVALID, SKIPSTEP_WEIGHTS_TRUNCATED, SKIPSTEP_TENSOR_BROKEN
 */
export function parseHeader(file: string, json: Buffer, fileSize: number): Header {
  const { __metadata__: metadata, ...tensors } = parseObject(file, json);
  const dataStart = prefixLength + json.length;
  const listed = Object.entries(tensors).map(([name, value]) => parseEntry(file, dataStart, name, value));
  listed.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  checkPlaces(file, listed, dataStart, fileSize);
  const unread = new Map(listed.filter(({ dtype }) => !dtype).map(({ name, type }) => [name, type]));
  const entries = listed.flatMap(({ type, dtype, ...entry }) => (dtype ? [{ ...entry, dtype }] : []));
  return { entries, unread, metadata: isObject(metadata) ? metadata : {} };
}

/** A tensor of any type, `type` in the header's words. */
type Listed = Omit<TensorEntry, "dtype"> & { readonly dtype: TensorEntry["dtype"] | undefined; readonly type: string };

/** What stands in a header. @throws SKIPSTEP_WEIGHTS_INVALID */
function parseObject(file: string, json: Buffer): Record<string, unknown> {
  let header: unknown;
  try {
    header = parseJson(json, headerLimits);
  } catch (error) {
    throw weightsInvalid(file, `its header ${error instanceof JsonError ? error.message : messageOf(error)}`, error);
  }
  if (!isObject(header)) throw weightsInvalid(file, "its header is no JSON object");
  return header;
}

function parseEntry(file: string, dataStart: number, name: string, value: unknown): Listed {
  const { dtype: type, shape, data_offsets: offsets } = isObject(value) ? value : {};
  const isPair = isSizes(offsets) && offsets.length === 2;
  if (typeof type !== "string" || !isSizes(shape) || !isPair)
    throw tensorBroken(file, name, "needs a dtype, a shape and two data_offsets in the header");
  const dtype = dtypeOf(type);
  const [from, to] = offsets as [number, number];
  // Of a type that is not read, the size is not known.
  const byteLength = dtype ? sizeOf(shape) * itemSize[dtype] : Math.max(0, to - from);
  if (to - from !== byteLength)
    throw tensorBroken(
      file,
      name,
      `is ${type} [${shape.join(", ")}], ${byteLength} bytes, but its data_offsets are [${from}, ${to}], ${to - from} bytes`,
    );
  return { name, dtype, type, shape, file, offset: dataStart + from, byteLength };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** @param entries sorted by offset */
function checkPlaces(file: string, entries: readonly Listed[], dataStart: number, fileSize: number): void {
  let end = dataStart;
  let before = "the header";
  for (const { name, offset, byteLength } of entries) {
    if (offset < end)
      throw tensorBroken(file, name, `overlaps ${before} by ${Math.min(end - offset, byteLength)} bytes`);
    if (offset > end) throw tensorBroken(file, name, `begins ${offset - end} bytes after the end of ${before}`);
    end = offset + byteLength;
    before = `tensor "${name}"`;
    if (end > fileSize) throw weightsTruncated(file, before, end, fileSize);
  }
  if (end < fileSize) throw weightsInvalid(file, `${fileSize - end} bytes follow the end of ${before}`);
}

/** What a file is instead, from its first bytes. */
function guess(start: Buffer): string {
  const text = start.toString("latin1");
  if (text.startsWith("version https://")) return ": it is a Git LFS pointer, get the file itself with git lfs pull";
  if (text.startsWith("GGUF")) return ": it is a GGUF file";
  if (text.startsWith("PK") || text.startsWith("\x80")) return ": it is a PyTorch pickle";
  if (/^\s*<(!doctype|html)/i.test(text)) return ": it is a web page";
  return "";
}
