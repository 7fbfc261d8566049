import { closeSync } from "node:fs";
import { isObject } from "../config/json";
import { openFile } from "./file-bytes";
import { readHeader } from "./safetensors-header";

/** What a safetensors file says of itself. Its header was checked already, by `SafetensorsFile.open`. */
export function readMetadata(path: string): Readonly<Record<string, unknown>> {
  const { descriptor, stats } = openFile(path);
  try {
    return metadataIn(readHeader(descriptor, path, Number(stats.size)));
  } finally {
    closeSync(descriptor);
  }
}

/** @param header a checked one's bytes */
export function metadataIn(header: Buffer): Readonly<Record<string, unknown>> {
  const { __metadata__: metadata } = JSON.parse(header.toString("utf8"));
  return isObject(metadata) ? metadata : {};
}
