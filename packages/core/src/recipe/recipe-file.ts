import { basename } from "node:path";
import { isHubName } from "../hub/hub-name";
import { isObject } from "../schema/json";

/**
 * A file or folder as a recipe names it. Where it lies is the machine's own business: it is found again by its content,
 * or on the hub.
 */
export interface RecipeFile {
  /** Its last part alone: `emoji`; on the hub `owner/name@revision`. */
  readonly name: string;
  /** Of a file's content; of a folder, of the list of its files with their hashes. 64 hexadecimal digits. */
  readonly sha256?: string;
  /** `hf:owner/name@revision` */
  readonly hub?: string;
  /** Only in recipes that others wrote, and in those of version 1. */
  readonly path?: string;
}

/** What a recipe calls a path or a name on the hub. */
export function recipeFile(text: string, sha256?: string): RecipeFile {
  const hash = sha256 === undefined ? {} : { sha256 };
  return isHubName(text)
    ? { name: text.slice(text.indexOf(":") + 1), hub: text, ...hash }
    : { name: basename(text), ...hash };
}

/** What stands in a recipe where a file is meant, whoever wrote it; all else is left for the schema to tell. */
export function asRecipeFile(value: unknown): unknown {
  if (typeof value === "string") return isHubName(value) ? recipeFile(value) : { ...recipeFile(value), path: value };
  return value;
}

export function isRecipeFile(value: unknown): value is RecipeFile {
  if (!isObject(value) || typeof value.name !== "string") return false;
  const { hub, path, sha256 } = value;
  return (
    (hub === undefined || (typeof hub === "string" && isHubName(hub))) &&
    (path === undefined || (typeof path === "string" && path !== "")) &&
    (sha256 === undefined || (typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)))
  );
}
