import path from "node:path";
import { parse } from "jsonc-parser";
import { readSmallText } from "../disk/read-small-file";
import { isObject, type JsonObject } from "../schema/json";
import { excessIn } from "../schema/parse-json";

/** What is looked at in a package.json. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly main?: string;
  readonly exports?: unknown;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface PackageFolder {
  readonly folder: string;
  readonly json: PackageJson;
}

/** `undefined` when the folder has no package.json that can be read. What is broken in one is read as far as it goes. */
export function readPackage(folder: string): PackageFolder | undefined {
  try {
    const text = readSmallText(path.join(folder, "package.json"));
    const json: unknown = excessIn(text) ? undefined : parse(text);
    return { folder, json: isObject(json) ? textsOf(json) : {} };
  } catch {
    return undefined; // none is there, or the name is no path
  }
}

/** Without what is of another type than npm's. */
function textsOf(json: JsonObject): PackageJson {
  const { exports, keywords, peerDependencies } = json;
  const texts = Object.entries(stringsIn(json)).filter(([key]) => textKeys.has(key));
  return {
    ...Object.fromEntries(texts),
    ...(exports === undefined ? {} : { exports }),
    ...(Array.isArray(keywords) ? { keywords } : {}),
    ...(isObject(peerDependencies) ? { peerDependencies: stringsIn(peerDependencies) } : {}),
  };
}

const textKeys = new Set(["name", "version", "description", "main"]);

function stringsIn(json: JsonObject): Record<string, string> {
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  return Object.fromEntries(Object.entries(json).filter(isText));
}

/** The nearest package around a file or folder that has a name. */
export function enclosingPackage(place: string): PackageFolder | undefined {
  return foldersAbove(place)
    .map(readPackage)
    .find((found) => found?.json.name !== undefined);
}

/** A folder and all around it, innermost first. */
export function foldersAbove(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAbove(parent)];
}

/** The `node_modules` folders that Node looks into from a folder, nearest first. */
export function moduleFolders(folder: string): string[] {
  return foldersAbove(folder)
    .filter((above) => path.basename(above) !== "node_modules")
    .map((above) => path.join(above, "node_modules"));
}
