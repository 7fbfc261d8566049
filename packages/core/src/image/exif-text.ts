/**
 * Texts in EXIF, the part of JPEG and WebP files that other programs keep and read (CIPA DC-008-2023, TIFF 6.0): the
 * line of settings as the user's comment in UTF-16, where A1111 writes it and galleries look for it, and all else that
 * we write as the maker's note.
 */

/** Keyword of the text that is a user's comment, and of the one that is the maker's note. */
const [comment, note] = ["parameters", "skipstep"] as const;

const tags = { exif: 0x8769, makerNote: 0x927c, userComment: 0x9286 } as const;
const types = { long: 4, undefined: 7 } as const;

/** Bytes before what a value says. */
const marks = { comment: "UNICODE\0", note: "skipstep\0" } as const;

const header = Uint8Array.of(0x4d, 0x4d, 0, 42, 0, 0, 0, 8); // big-endian, first directory at 8

interface Entry {
  readonly tag: number;
  readonly type: number;
  /** Four bytes stand in the entry itself, more behind the directory. */
  readonly value: Uint8Array;
  readonly count: number;
}

/** Those of the texts that have a place in EXIF, as a TIFF block; `undefined` where none has. */
export function exifOf(texts: Readonly<Record<string, string>>): Uint8Array | undefined {
  const entries: Entry[] = [];
  if (texts[note] !== undefined) entries.push(bytesEntry(tags.makerNote, marks.note, Buffer.from(texts[note])));
  if (texts[comment] !== undefined)
    entries.push(bytesEntry(tags.userComment, marks.comment, Buffer.from(texts[comment], "utf16le").swap16()));
  if (entries.length === 0) return undefined;
  const at = header.length + directoryLength(1);
  const pointer = Buffer.alloc(4);
  pointer.writeUInt32BE(at);
  const first = directory([{ tag: tags.exif, type: types.long, count: 1, value: pointer }], header.length);
  return Buffer.concat([header, first, directory(entries, at)]);
}

/** The texts in a TIFF block; none of what is cut off or not as `exifOf` writes it. */
export function readExif(tiff: Uint8Array): Readonly<Record<string, string>> {
  const block = Buffer.from(tiff.buffer, tiff.byteOffset, tiff.length);
  if (!block.subarray(0, 4).equals(header.subarray(0, 4)) || block.length < header.length) return {};
  const pointer = readDirectory(block, block.readUInt32BE(4)).get(tags.exif);
  if (pointer?.length !== 4) return {};
  const values = readDirectory(block, pointer.readUInt32BE());
  const maker = unmarked(values.get(tags.makerNote), marks.note);
  const user = unmarked(values.get(tags.userComment), marks.comment);
  return {
    ...(user === undefined || user.length % 2 > 0 ? {} : { [comment]: Buffer.from(user).swap16().toString("utf16le") }),
    ...(maker === undefined ? {} : { [note]: maker.toString() }),
  };
}

function bytesEntry(tag: number, mark: string, bytes: Uint8Array): Entry {
  const value = Buffer.concat([Buffer.from(mark, "latin1"), bytes]);
  return { tag, type: types.undefined, count: value.length, value };
}

/** A count, the entries, and where the next directory is. */
function directoryLength(entries: number): number {
  return 2 + 12 * entries + 4;
}

/** @param at where it begins in the block; entries are in the order of their tags */
function directory(entries: readonly Entry[], at: number): Uint8Array {
  const table = Buffer.alloc(directoryLength(entries.length));
  const behind: Uint8Array[] = [];
  let place = at + table.length;
  table.writeUInt16BE(entries.length);
  for (const [i, { tag, type, count, value }] of entries.entries()) {
    const offset = table.writeUInt32BE(count, table.writeUInt16BE(type, table.writeUInt16BE(tag, 2 + 12 * i)));
    if (value.length <= 4) {
      table.set(value, offset);
      continue;
    }
    table.writeUInt32BE(place, offset);
    const padded = Buffer.alloc(value.length + (value.length % 2)); // values begin at even places
    padded.set(value);
    behind.push(padded);
    place += padded.length;
  }
  return Buffer.concat([table, ...behind]);
}

/** Values by tag; those that reach beyond the block are left out. */
function readDirectory(block: Buffer, at: number): Map<number, Buffer> {
  const values = new Map<number, Buffer>();
  if (at + 2 > block.length) return values;
  const count = block.readUInt16BE(at);
  for (let i = 0; i < count; i++) {
    const entry = at + 2 + 12 * i;
    if (entry + 12 > block.length) break;
    const type = block.readUInt16BE(entry + 2);
    const length = block.readUInt32BE(entry + 4) * (type === types.long ? 4 : 1);
    const place = length <= 4 ? entry + 8 : block.readUInt32BE(entry + 8);
    if ((type !== types.long && type !== types.undefined) || place + length > block.length) continue;
    values.set(block.readUInt16BE(entry), block.subarray(place, place + length));
  }
  return values;
}

function unmarked(value: Buffer | undefined, mark: string): Buffer | undefined {
  return value?.toString("latin1", 0, mark.length) === mark ? value.subarray(mark.length) : undefined;
}
