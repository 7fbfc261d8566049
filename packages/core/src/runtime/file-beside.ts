import { existsSync } from "node:fs";

/**
 * A file beside a module of a package, for threads and processes. Electron packs programs into `app.asar`, of which
 * Node's loader of ES modules knows nothing: there it is the one in `app.asar.unpacked`.
 * @param from the module's `import.meta.url`
 */
export function fileBeside(from: string, path: string): URL {
  const packed = new URL(path, from);
  const unpacked = new URL(packed.href.replace(/\.asar(?=\/)/, ".asar.unpacked"));
  return unpacked.href !== packed.href && existsSync(unpacked) ? unpacked : packed;
}
