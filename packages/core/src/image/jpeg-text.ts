import { exifOf, readExif } from "./exif-text";

/** Texts in JPEG files, as EXIF in a segment of its own (CIPA DC-008-2023, 4.5.4). */

const startOfImage = 0xffd8;
const [app0, app1, startOfScan] = [0xffe0, 0xffe1, 0xffda];
const mark = Buffer.from("Exif\0\0", "latin1");

/** Bytes of a segment, its length included, and with the mark. */
const longest = 65_535 - 2 - mark.length;

/**
 * The file with the texts that EXIF has room for: a segment holds 64 kB. Where all is too much, what we alone read is
 * left out.
 */
export function addJpegText(jpeg: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  const { skipstep: _, ...short } = texts;
  const exif = [texts, short].map(exifOf).find((block) => block && block.length <= longest);
  if (!exif) return jpeg;
  const head = Buffer.alloc(4);
  head.writeUInt16BE(app1);
  head.writeUInt16BE(2 + mark.length + exif.length, 2);
  const at = jpeg[2] === app0 >> 8 && jpeg[3] === (app0 & 0xff) ? 4 + ((jpeg[4]! << 8) | jpeg[5]!) : 2;
  return Buffer.concat([jpeg.subarray(0, at), head, mark, exif, jpeg.subarray(at)]);
}

/** Texts by keyword; `undefined` when it is no JPEG file. */
export function readJpegText(jpeg: Uint8Array): Readonly<Record<string, string>> | undefined {
  const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
  if (file.length < 4 || file.readUInt16BE() !== startOfImage) return undefined;
  for (let at = 2; at + 4 <= file.length; ) {
    const [marker, length] = [file.readUInt16BE(at), file.readUInt16BE(at + 2)];
    if (marker >> 8 !== 0xff || marker === startOfScan || length < 2) break;
    const body = file.subarray(at + 4, at + 2 + length);
    if (marker === app1 && body.subarray(0, mark.length).equals(mark)) return readExif(body.subarray(mark.length));
    at += 2 + length;
  }
  return {};
}
