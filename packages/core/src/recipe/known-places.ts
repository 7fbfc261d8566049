import { rmSync } from "node:fs";
import { join } from "node:path";
import { readRegularText } from "../disk/regular-file";
import { isSystemError } from "../disk/system-error";
import { writeNote } from "../disk/write-note";
import { isObject } from "../schema/json";
import { JsonError, parseJson } from "../schema/parse-json";
import { type Content, hasContent } from "./content";

/**
 * Where files of recipes lie on this machine, by their content. One small file a content, so that processes that note
 * different ones do not meet; two that note the same one leave one of two right answers.
 */

interface KnownPlace extends Pick<Content, "files"> {
  /** Absolute. */
  readonly path: string;
}

/** Copies of one content that are remembered, the last used first. */
const most = 4;

/** Remembers where a content lies. What the system refuses to write is forgotten: the recipe is none the worse. */
export function notePlace(cacheDir: string, path: string, { sha256, files }: Content): void {
  const known = placesOf(cacheDir, sha256);
  if (known[0]?.path === path) return;
  const place: KnownPlace = { path, ...(files ? { files } : {}) };
  const places = [place, ...known.filter((other) => other.path !== path)].slice(0, most);
  write(cacheDir, sha256, places);
}

/** A place that still has the content; those that have it no more are forgotten. */
export function findPlace(cacheDir: string, sha256: string): string | undefined {
  const known = placesOf(cacheDir, sha256);
  const found = known.findIndex(({ path, files }) =>
    hasContent(path, { sha256, ...(files ? { files } : {}) }, cacheDir),
  );
  if (found !== 0 && known.length > 0) write(cacheDir, sha256, found < 0 ? [] : known.slice(found));
  return known[found]?.path;
}

function write(cacheDir: string, sha256: string, places: readonly KnownPlace[]): void {
  const file = fileOf(cacheDir, sha256);
  if (places.length > 0) writeNote(file, JSON.stringify(places));
  else remove(file);
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

function placesOf(cacheDir: string, sha256: string): KnownPlace[] {
  try {
    const places: unknown = parseJson(readRegularText(fileOf(cacheDir, sha256)));
    return Array.isArray(places) ? places.filter(isPlace) : [];
  } catch (error) {
    if (error instanceof JsonError || isSystemError(error)) return []; // none, or damaged: as good as none
    throw error;
  }
}

function isPlace(value: unknown): value is KnownPlace {
  return isObject(value) && typeof value.path === "string" && (value.files === undefined || isObject(value.files));
}

function fileOf(cacheDir: string, sha256: string): string {
  return join(cacheDir, "places", `${sha256}.json`);
}
