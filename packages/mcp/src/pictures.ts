import { realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve } from "node:path";
import { pictureSettingNames, readRegularFile, shownMask } from "@skipstep/core";
import { ToolError } from "./tool-error";

type Fields = Readonly<Record<string, unknown>>;

/**
 * Arguments that are pictures, each base64 or a file in a folder that the operator allowed, with files read; and a transparent mask turned into one that is white where it was transparent.
 * @param folders that files may be named in; those of nobody else are looked at
 * @throws ToolError
 */
export async function withPictures(fields: Fields, folders: readonly string[]): Promise<Fields> {
  const all: Record<string, unknown> = { ...fields };
  for (const name of pictureSettingNames) {
    const given = all[name];
    if (given === undefined) continue;
    const bytes = Array.isArray(given)
      ? given.map((one) => bytesOf(name, one, folders))
      : bytesOf(name, given, folders);
    all[name] = name === "mask" && !Array.isArray(bytes) ? await maskOf(bytes) : encoded(bytes);
  }
  return all;
}

function bytesOf(name: string, given: unknown, folders: readonly string[]): Buffer {
  if (isFile(given)) return readAllowed(name, given.file, folders);
  const text = typeof given === "string" ? given : "";
  const bytes = Buffer.from(text.slice(text.startsWith("data:") ? text.indexOf(",") + 1 : 0), "base64");
  if (bytes.length === 0) throw new ToolError("invalid_value", `"${name}" must be an image in base64.`, name);
  return bytes;
}

function isFile(given: unknown): given is { readonly file: string } {
  return typeof given === "object" && given !== null && "file" in given && typeof given.file === "string";
}

/** Links are followed first, so that one in a folder leads out of none. */
function readAllowed(name: string, file: string, folders: readonly string[]): Buffer {
  for (const folder of folders) {
    const real = realOf(isAbsolute(file) ? file : join(folder, file));
    if (real !== undefined && isInside(realOf(folder), real)) return readRegularFile(real);
  }
  throw new ToolError("file_not_allowed", `"${name}" names no file in a folder that the operator allowed.`, name);
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(resolve(path));
  } catch {
    return undefined;
  }
}

function isInside(folder: string | undefined, path: string): boolean {
  if (folder === undefined) return false;
  const way = relative(folder, path);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

async function maskOf(bytes: Buffer): Promise<string> {
  return encoded(await shownMask(bytes, "mask")) as string;
}

function encoded(bytes: Uint8Array | readonly Uint8Array[]): string | string[] {
  return Array.isArray(bytes)
    ? bytes.map((one) => Buffer.from(one).toString("base64"))
    : Buffer.from(bytes as Uint8Array).toString("base64");
}
