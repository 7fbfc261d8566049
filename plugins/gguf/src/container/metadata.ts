import { headerBroken } from "../errors";
import type { HeaderReader } from "./header-reader";

/** 64-bit numbers beyond 2^53 are rounded. */
export type MetadataValue = number | boolean | string | readonly MetadataValue[];

export type Metadata = ReadonlyMap<string, MetadataValue>;

/** Vocabularies have 262,144 tokens, and twice as many merges. */
const longestList = 4_000_000;
/** Files nest none in one another. */
const deepestList = 8;

/** By the format's number of a value's type. */
const readers: readonly ((reader: HeaderReader, file: string, depth?: number) => MetadataValue)[] = [
  (reader) => reader.u8(),
  (reader) => reader.i8(),
  (reader) => reader.u16(),
  (reader) => reader.i16(),
  (reader) => reader.u32(),
  (reader) => reader.i32(),
  (reader) => reader.f32(),
  (reader) => reader.bool(),
  (reader) => reader.text(),
  readList,
  (reader) => reader.u64(),
  (reader) => reader.i64(),
  (reader) => reader.f64(),
];

/** What a file says of itself: `general.architecture`, ... @throws SKIPSTEP_GGUF_BROKEN, SKIPSTEP_GGUF_TRUNCATED */
export function readMetadata(reader: HeaderReader, file: string, count: number): Metadata {
  const metadata = new Map<string, MetadataValue>();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    if (metadata.has(key)) throw headerBroken(file, `has two values "${key}"`);
    metadata.set(key, valueReader(reader, file)(reader, file));
  }
  return metadata;
}

function valueReader(reader: HeaderReader, file: string): (typeof readers)[number] {
  const type = reader.u32();
  const read = readers[type];
  if (!read) throw headerBroken(file, `has a value of type number ${type}, which is not known`);
  return read;
}

function readList(reader: HeaderReader, file: string, depth = 0): MetadataValue[] {
  const read = valueReader(reader, file);
  if (depth === deepestList) throw headerBroken(file, `has lists nested more than ${deepestList} deep`);
  const count = reader.count("a list's length", { least: 1, most: longestList });
  const list: MetadataValue[] = [];
  for (let i = 0; i < count; i++) list.push(read(reader, file, depth + 1));
  return list;
}
