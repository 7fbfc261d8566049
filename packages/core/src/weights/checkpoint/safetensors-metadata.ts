import { closeSync } from "node:fs";
import { openFile } from "../../disk/file-bytes";
import { isObject } from "../../schema/json";
import { parseObject, readHeader } from "./safetensors-header";

/** What a safetensors file says of itself. Its header was checked already, by `SafetensorsFile.open`. */
export function readMetadata(path: string): Readonly<Record<string, unknown>> {
  const { descriptor, stats } = openFile(path);
  try {
    return metadataIn(path, readHeader(descriptor, path, Number(stats.size)));
  } finally {
    closeSync(descriptor);
  }
}

/** @param header its bytes @throws SKIPSTEP_WEIGHTS_INVALID */
export function metadataIn(path: string, header: Buffer): Readonly<Record<string, unknown>> {
  const { __metadata__: metadata } = parseObject(path, header);
  return isObject(metadata) ? metadata : {};
}
