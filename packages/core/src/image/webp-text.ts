import { exifOf, readExif } from "./exif-text";

/** Texts in WebP files, as EXIF in a chunk of its own (RFC 9649, 2.7). */

/** Bits of an extended file's features: what it has besides the pixels. */
const hasExif = 0x08;

interface Size {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** A simple file, of pixels without alpha and nothing else, as an extended one with the texts. */
export function addWebpText(webp: Uint8Array, texts: Readonly<Record<string, string>>, size: Size): Uint8Array {
  const exif = exifOf(texts);
  if (!exif) return webp;
  const features = Buffer.alloc(10);
  features[0] = hasExif;
  features.writeUIntLE(size.width - 1, 4, 3);
  features.writeUIntLE(size.height - 1, 7, 3);
  const body = Buffer.concat([chunk("VP8X", features), webp.subarray(12), chunk("EXIF", exif)]);
  const head = Buffer.from("RIFF....WEBP", "latin1");
  head.writeUInt32LE(4 + body.length, 4);
  return Buffer.concat([head, body]);
}

/** Texts by keyword; `undefined` when it is no WebP file, or one that is cut off. */
export function readWebpText(webp: Uint8Array): Readonly<Record<string, string>> | undefined {
  const file = Buffer.from(webp.buffer, webp.byteOffset, webp.length);
  if (!/^RIFF....WEBP$/s.test(file.toString("latin1", 0, 12))) return undefined;
  const end = 8 + file.readUInt32LE(4);
  if (end > file.length) return undefined;
  for (let at = 12; at + 8 <= end; ) {
    const length = file.readUInt32LE(at + 4);
    if (at + 8 + length > end) return undefined;
    if (file.toString("latin1", at, at + 4) === "EXIF") return readExif(file.subarray(at + 8, at + 8 + length));
    at += 8 + length + (length % 2);
  }
  return {};
}

/** Chunks begin at even places. */
function chunk(name: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(8 + data.length + (data.length % 2));
  bytes.write(name, "latin1");
  bytes.writeUInt32LE(data.length, 4);
  bytes.set(data, 8);
  return bytes;
}
