import path from "node:path";
import { realPath } from "../disk/on-disk";
import { megabytes } from "../errors/gigabytes";
import { escaped } from "../errors/printable";
import { recipeFileUnknown, recipeRefused } from "../errors/recipe";
import { downloadSize } from "../hub/download-size";
import { parseHubName } from "../hub/hub-name";
import { withoutToken } from "../hub/hub-settings";
import { isObject, type JsonObject, type JsonPath } from "../schema/json";
import { pictureSettingNames } from "../settings/common-settings";
import { findPlace } from "./known-places";
import { fileLists } from "./recipe-config";
import { isRecipeFile, type RecipeFile } from "./recipe-file";

/** Something outside of itself that a recipe reads. */
export interface RecipeSource {
  /** Its place in the config: `model`, `components.vae`, `lora.0`, `generate.image`. */
  readonly key: string;
  readonly name: string;
  /** Where it lies: absolute, links followed. */
  readonly path?: string;
  /** `hf:owner/name@revision`, where it comes from the hub. */
  readonly hub?: string;
  /** About what there is to download; missing where the hub did not tell, or nothing is asked of it. */
  readonly downloadBytes?: number;
}

/** A file in a recipe's config, and where it stands. */
export interface NamedFile {
  readonly at: JsonPath;
  readonly file: RecipeFile;
}

/** All files that a recipe's config names. What is none of the right shape is left to the schema. */
export function filesIn(config: JsonObject): NamedFile[] {
  const { model, components, generate } = config;
  const named: [JsonPath, unknown][] = [
    [["model"], model],
    ...Object.entries(isObject(components) ? components : {}).map(([name, file]): [JsonPath, unknown] => [
      ["components", name],
      file,
    ]),
    ...fileLists.flatMap((key) => listed(config[key], [key])),
    ...listed(isObject(generate) ? generate.loras : undefined, ["generate", "loras"]),
    ...pictureSettingNames.flatMap((name) => picturesIn(name, isObject(generate) ? generate[name] : undefined)),
  ];
  return named.flatMap(([at, file]) => (isRecipeFile(file) ? [{ at, file }] : []));
}

function listed(list: unknown, at: JsonPath): [JsonPath, unknown][] {
  const entries = Array.isArray(list) ? list : [];
  return entries.map((entry: unknown, i) => [[...at, i, "path"], isObject(entry) ? entry.path : undefined]);
}

function picturesIn(name: string, files: unknown): [JsonPath, unknown][] {
  const at = ["generate", name];
  return Array.isArray(files) ? files.map((entry: unknown, i) => [[...at, i], entry]) : [[at, files]];
}

/**
 * Finds what a recipe means.
 * @param folder where paths begin
 * @throws SKIPSTEP_RECIPE_FILE when it is not known here, SKIPSTEP_RECIPE_REFUSED for other machines' files, SKIPSTEP_HUB_NAME
 */
export function locate({ at, file }: NamedFile, folder: string, cacheDir: string): RecipeSource {
  const key = at.filter((part) => part !== "path").join(".");
  const { name, hub, sha256 } = file;
  if (hub !== undefined) return { key, name, hub: parseHubName(hub).text };
  const known = sha256 === undefined ? undefined : findPlace(cacheDir, sha256);
  const found = known ?? file.path;
  if (found === undefined) throw recipeFileUnknown(key, name, sha256);
  // To look at such a path is to log in there.
  if (known === undefined && /^([\\/]{2}|file:|[a-z][a-z\d+.-]+:)/i.test(found))
    throw recipeRefused(`${key} "${found}"`, "it lies on another machine");
  return { key, name, path: realPath(path.resolve(folder, found)) }; // one that is not there is told when it is opened
}

/** With what is to be downloaded, as far as the hub tells. The user's token stays here. */
export async function measured(source: RecipeSource, variant: unknown, signal?: AbortSignal): Promise<RecipeSource> {
  if (source.hub === undefined) return source;
  const options = { variant: typeof variant === "string" ? variant : undefined, settings: withoutToken(), signal };
  try {
    return { ...source, downloadBytes: await downloadSize(parseHubName(source.hub), options) };
  } catch (error) {
    if (signal?.aborted) throw error;
    return source;
  }
}

/** `model hf:owner/name (about 335.0 MB to download)` */
export function sourceText({ key, path: file, hub, downloadBytes }: RecipeSource): string {
  if (hub === undefined) return escaped(`${key} ${file}`);
  const size = downloadBytes === undefined ? "size unknown" : `about ${megabytes(downloadBytes)} to download`;
  return escaped(`${key} ${hub} (${size})`);
}
