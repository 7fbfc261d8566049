import { randomUUID } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../disk/system-error";
import { beginUnfinished, endUnfinished } from "../disk/unfinished";
import { hubUnwritable } from "../errors/hub";

/** Writes a small file of the cache; a reader sees the old content or the new. @throws SKIPSTEP_HUB_UNWRITABLE */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  beginUnfinished(temporary);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    throw isSystemError(error) ? hubUnwritable(dirname(path), error) : error;
  } finally {
    endUnfinished(temporary);
  }
}
