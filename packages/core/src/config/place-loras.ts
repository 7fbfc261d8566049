import path from "node:path";
import { SkipstepError } from "../errors/error";
import { type Finding, findingOf } from "../schema/finding";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { findLoraFile } from "../weights/lora/lora-file";

/**
 * Writes a config's LoRAs in full, with absolute paths. What is no LoRA is left to the schema.
 * @returns those that are not there
 */
export function placeLoras(config: JsonObject, folderOf: (at: JsonPath) => string): Finding[] {
  if (!Array.isArray(config.lora)) return [];
  const findings: Finding[] = [];
  config.lora = config.lora.map((entry: unknown, i) => {
    const at: JsonPath = typeof entry === "string" ? ["lora", i] : ["lora", i, "path"];
    const use = typeof entry === "string" ? { path: entry } : entry;
    if (!isObject(use) || typeof use.path !== "string" || use.path === "") return entry;
    const file = path.resolve(folderOf(at), use.path);
    findings.push(...missing(file, at));
    return { scale: 1, ...use, path: file };
  });
  return findings;
}

function missing(file: string, at: JsonPath): Finding[] {
  try {
    findLoraFile(file);
    return [];
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    return [findingOf(at, error)];
  }
}
