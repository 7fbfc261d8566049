import { crc32 } from "node:zlib";

/** Texts of PNG files, written and read apart from core's own: what a stranger's tool makes must be understood. */

/** The file with the texts before its end, each as `iTXt`. */
export function addText(png: Uint8Array, texts: Readonly<Record<string, string>>): Buffer {
  const end = png.length - 12;
  const chunks = Object.entries(texts).map(([keyword, value]) => {
    const body = Buffer.from(`iTXt${keyword}\0\0\0\0\0${value}`);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length - 4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  });
  return Buffer.concat([png.subarray(0, end), ...chunks, png.subarray(end)]);
}

/** Texts by keyword, of a sound file. */
export function readText(png: Buffer): Record<string, string> {
  const texts: Record<string, string> = {};
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const [type, data] = [png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at))];
    const keyword = data.toString("latin1", 0, data.indexOf(0));
    if (type === "tEXt") texts[keyword] = data.toString("latin1", keyword.length + 1);
    if (type === "iTXt") texts[keyword] = data.toString("utf8", keyword.length + 5);
  }
  return texts;
}
