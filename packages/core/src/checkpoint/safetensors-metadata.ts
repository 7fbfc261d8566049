import { closeSync } from "node:fs";
import { isObject } from "../config/json";
import { openFile, readBytes } from "./file-bytes";
import { headerLength, prefixLength } from "./safetensors-header";

/** What a safetensors file says of itself. Its header was checked already, by `SafetensorsFile.open`. */
export function readMetadata(path: string): Readonly<Record<string, unknown>> {
  const { descriptor, stats } = openFile(path);
  try {
    const size = Number(stats.size);
    const start = Buffer.alloc(Math.min(size, 2 * prefixLength));
    readBytes(descriptor, path, "its header", start, 0);
    const header = Buffer.alloc(headerLength(path, start, size));
    readBytes(descriptor, path, "its header", header, prefixLength);
    const { __metadata__: metadata } = JSON.parse(header.toString("utf8"));
    return isObject(metadata) ? metadata : {};
  } finally {
    closeSync(descriptor);
  }
}
