import { crc32 } from "node:zlib";

/**
 * Texts in PNG files, https://www.w3.org/TR/png-3/#11textinfo: `tEXt` for Latin-1, `iTXt` for all else, uncompressed, as
 * Pillow writes them. No library that we found writes iTXt chunks, and prompts have emoji in them.
 */

const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** The file with the texts before its end. */
export function addText(png: Uint8Array, text: Readonly<Record<string, string>>): Uint8Array {
  const chunks = Object.entries(text).map(([keyword, value]) => chunkBytes(textChunk(keyword, value)));
  const end = png.length - 12; // IEND has no data
  return Buffer.concat([png.subarray(0, end), ...chunks, png.subarray(end)]);
}

/** Texts by keyword; `undefined` when it is no PNG file, or one that is cut off. */
export function readText(png: Uint8Array): Readonly<Record<string, string>> | undefined {
  if (Buffer.compare(png.subarray(0, 8), signature) !== 0) return undefined;
  const texts: Record<string, string> = {};
  for (let at = 8; ; ) {
    const chunk = readChunk(png, at);
    if (!chunk) return undefined;
    if (chunk.type === "IEND") return texts;
    const text = textOf(chunk);
    if (text) texts[text.keyword] = text.value;
    at += 12 + chunk.data.length;
  }
}

function textChunk(keyword: string, value: string): Chunk {
  const isLatin1 = [...value].every((letter) => letter.codePointAt(0)! < 256);
  return isLatin1
    ? { type: "tEXt", data: Buffer.from(`${keyword}\0${value}`, "latin1") }
    : { type: "iTXt", data: Buffer.from(`${keyword}\0\0\0\0\0${value}`, "utf8") }; // not compressed, no language
}

function textOf({ type, data }: Chunk): { keyword: string; value: string } | undefined {
  const bytes = Buffer.from(data);
  const end = bytes.indexOf(0);
  const keyword = bytes.toString("latin1", 0, end);
  if (type === "tEXt") return { keyword, value: bytes.toString("latin1", end + 1) };
  if (type !== "iTXt" || bytes[end + 1] !== 0) return undefined; // compressed ones are not ours
  const language = bytes.indexOf(0, end + 3);
  return { keyword, value: bytes.toString("utf8", bytes.indexOf(0, language + 1) + 1) };
}

function chunkBytes({ type, data }: Chunk): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length, 0);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

function readChunk(png: Uint8Array, at: number): Chunk | undefined {
  if (at + 12 > png.length) return undefined;
  const view = new DataView(png.buffer, png.byteOffset + at);
  const length = view.getUint32(0);
  if (at + 12 + length > png.length) return undefined;
  return {
    type: Buffer.from(png.subarray(at + 4, at + 8)).toString("latin1"),
    data: png.subarray(at + 8, at + 8 + length),
  };
}
