import { existsSync } from "node:fs";
import { join } from "node:path";
import { isObject } from "../schema/json";
import { JsonError, parseJson } from "../schema/parse-json";
import type { FileStamp } from "./file-stamp";
import { readSmallFile } from "./read-small-file";
import { isSystemError } from "./system-error";
import { writeNote } from "./write-note";

/** One entry of `checkpoints.json`, under the file's real path. */
export interface DigestNote extends FileStamp {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** What was noted about a file; `undefined` when nothing was, or when the notes are damaged. */
export function notedDigest(cacheDir: string, path: string): DigestNote | undefined {
  return readNotes(cacheDir).get(path);
}

/** Notes a file's hash and forgets files that are gone. What two processes note at once is hashed again some day. */
export function noteDigest(cacheDir: string, path: string, note: DigestNote): void {
  const notes = new Map([...readNotes(cacheDir)].filter(([other]) => existsSync(other)));
  notes.set(path, note);
  writeNote(notesFile(cacheDir), JSON.stringify(Object.fromEntries(notes), null, 1));
}

function readNotes(cacheDir: string): Map<string, DigestNote> {
  const value = parse(cacheDir);
  return new Map(Object.entries(isObject(value) ? value : {}).filter(isNote));
}

function parse(cacheDir: string): unknown {
  try {
    return parseJson(readSmallFile(notesFile(cacheDir)));
  } catch (error) {
    // Damaged notes are as good as none: the next hash writes them anew.
    if (error instanceof JsonError || isSystemError(error)) return undefined;
    throw error;
  }
}

function isNote(entry: [string, unknown]): entry is [string, DigestNote] {
  const [, note] = entry;
  return (
    isObject(note) &&
    typeof note.size === "number" &&
    typeof note.mtime_ns === "string" &&
    typeof note.ctime_ns === "string" &&
    typeof note.inode === "string" &&
    typeof note.sha256 === "string" &&
    /^[0-9a-f]{64}$/.test(note.sha256)
  );
}

function notesFile(cacheDir: string): string {
  return join(cacheDir, "checkpoints.json");
}
