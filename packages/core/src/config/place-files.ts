import path from "node:path";
import { SkipstepError } from "../errors/error";
import { type Finding, findingOf } from "../schema/finding";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { findLoraFile } from "../weights/lora/lora-file";
import { findTextualInversion } from "../weights/textual-inversion/read-textual-inversion";

/** Lists of files: what each entry is besides its path when nothing is said, and where the file is looked for. */
const lists = {
  lora: { defaults: { scale: 1 }, find: findLoraFile },
  textual_inversions: { defaults: {}, find: findTextualInversion },
};

/**
 * Writes a config's LoRAs and textual inversions in full, with absolute paths. What is neither is left to the schema.
 * @returns those that are not there
 */
export function placeFiles(config: JsonObject, folderOf: (at: JsonPath) => string): Finding[] {
  const findings: Finding[] = [];
  for (const [key, { defaults, find }] of Object.entries(lists)) {
    const entries = config[key];
    if (!Array.isArray(entries)) continue;
    config[key] = entries.map((entry: unknown, i) => {
      const at: JsonPath = typeof entry === "string" ? [key, i] : [key, i, "path"];
      const use = typeof entry === "string" ? { path: entry } : entry;
      if (!isObject(use) || typeof use.path !== "string" || use.path === "") return entry;
      const file = path.resolve(folderOf(at), use.path);
      findings.push(...missing(() => find(file), at));
      return { ...defaults, ...use, path: file };
    });
  }
  return findings;
}

/** What is wrong with a file that is looked for. */
export function missing(find: () => string, at: JsonPath): Finding[] {
  try {
    find();
    return [];
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    return [findingOf(at, error)];
  }
}
