import { shown } from "../errors/shown";
import { type Finding, invalid } from "../schema/finding";
import { copyJson, fromPointer, type JsonObject, valueAt } from "../schema/json";
import type { Layer } from "../schema/layer";
import { parseJson } from "../schema/parse-json";

/** One value over those of the files. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  /** Where it came from, for errors: `--seed`. `--set` and the path when left out. */
  readonly name?: string;
}

/**
 * Reads `generate.seed=7` or `/generate/seed=7`. The value is JSON, or a string when it is no JSON.
 * @returns `undefined` when there is no `=` or no key before it
 */
export function parseOverride(text: string): Override | undefined {
  const at = text.indexOf("=");
  const key = text.slice(0, Math.max(at, 0)).trim();
  const path = key.startsWith("/") ? fromPointer(key) : key.split(".");
  if (path.includes("")) return undefined;
  return { path, value: parseValue(text.slice(at + 1)) };
}

function parseValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text; // what is no JSON is a string
  }
}

/**
 * The override as a layer; paths in it are relative to the working directory.
 * @param config what it is put into: the objects that are not there yet are its own too
 */
export function overrideLayer(config: JsonObject, { path, name }: Override): Layer {
  const missing = path.findIndex((_, i) => valueAt(config, path.slice(0, i + 1)) === undefined);
  const own = missing < 0 ? path : path.slice(0, missing + 1);
  return {
    folder: process.cwd(),
    has: (inner) => own.every((key, i) => key === String(inner[i])),
    nameOf: (inner) => name ?? `--set ${(inner.length > path.length ? inner : path).join(".")}`,
  };
}

/** Puts an override into the merged config, a copy of it: the config is frozen later, and the override may be used again. @returns what keeps it out */
export function applyOverride(config: JsonObject, { path, value }: Override): Finding | undefined {
  if (path[0] === "extends") return invalid([], "comes too late: the files are merged. Write it into a config file.");
  let target: unknown = config;
  for (const [i, key] of path.entries()) {
    const here = path.slice(0, i);
    if (typeof target !== "object" || target === null) {
      return invalid(here, `is ${shown(target)}, so that "${key}" cannot be set in it.`);
    }
    if (Array.isArray(target) && !isPlace(target, key)) {
      return invalid(here, `is a list of ${target.length}: "${key}" must be a number from 0 to ${target.length}.`);
    }
    const holder = target as JsonObject;
    const next = i === path.length - 1 ? copyJson(value) : Object.hasOwn(holder, key) ? holder[key] : {};
    // defineProperty, because an assignment to "__proto__" would not make a key
    Object.defineProperty(holder, key, { value: next, writable: true, enumerable: true, configurable: true });
    target = next;
  }
  return undefined;
}

/** An index of the list, or the one after its end. */
function isPlace(list: readonly unknown[], key: string): boolean {
  return /^\d+$/.test(key) && Number(key) <= list.length;
}
