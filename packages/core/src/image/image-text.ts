import { readJpegText } from "./jpeg-text";
import { readText } from "./png-text";
import { readWebpText } from "./webp-text";

/** Texts in a PNG, JPEG or WebP file by keyword; `undefined` when it is none of them, or cut off. */
export function readImageText(file: Uint8Array): Readonly<Record<string, string>> | undefined {
  return readText(file) ?? readJpegText(file) ?? readWebpText(file);
}
