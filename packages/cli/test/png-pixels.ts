import { readFileSync } from "node:fs";

/** The compressed pixels of a PNG file: all IDAT chunks together. Texts do not count. */
export function pngPixels(file: string): Buffer {
  const png = readFileSync(file);
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  return Buffer.concat(data);
}
