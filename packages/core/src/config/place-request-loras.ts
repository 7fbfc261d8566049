import path from "node:path";
import { type Finding, invalid } from "../schema/finding";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { findLoraFile } from "../weights/lora/lora-file";
import { placeRequestLora } from "../weights/lora/place-request-lora";
import { missing } from "./place-files";

/**
 * Writes the LoRAs that requests may name, and those of all generations, in full, with absolute paths. What is no LoRA is
 * left to the schema.
 * @returns those that are not there, or not allowed
 */
export function placeRequestLoras(config: JsonObject, folderOf: (at: JsonPath) => string): Finding[] {
  return [...placeAllowed(config, folderOf), ...placeRequested(config, folderOf)];
}

function placeAllowed(config: JsonObject, folderOf: (at: JsonPath) => string): Finding[] {
  const { request_loras: allowed } = config;
  if (!isObject(allowed)) return [];
  const findings: Finding[] = [];
  config.request_loras = Object.fromEntries(
    Object.entries(allowed).map(([name, file]) => {
      if (typeof file !== "string" || file === "") return [name, file];
      const at: JsonPath = ["request_loras", name];
      const place = path.resolve(folderOf(at), file);
      findings.push(...missing(() => findLoraFile(place), at));
      return [name, place];
    }),
  );
  return findings;
}

/** Those that every generation has where its request says nothing. */
function placeRequested(config: JsonObject, folderOf: (at: JsonPath) => string): Finding[] {
  const { generate, request_loras: allowed } = config;
  if (!isObject(generate) || !Array.isArray(generate.loras)) return [];
  const findings: Finding[] = [];
  const loras = generate.loras.map((entry: unknown, i) => {
    const at: JsonPath = ["generate", "loras", i];
    const isText = isObject(entry) && [entry.path, entry.name].every((text) => text === undefined || isName(text));
    if (!isName(entry) && !isText) return entry;
    const placed = placeRequestLora(entry, isObject(allowed) ? allowed : undefined, folderOf(at));
    if (typeof placed === "string") findings.push(invalid(at, `${placed}.`));
    else findings.push(...missing(() => findLoraFile(placed.path), at));
    return typeof placed === "string" ? entry : placed;
  });
  config.generate = { ...generate, loras };
  return findings;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
