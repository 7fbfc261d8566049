import { existsSync } from "node:fs";
import { join } from "node:path";
import { hubOffline } from "../errors/hub";
import { isTokenizerFile } from "../text/tokenizer-file";
import { candidates } from "../weights/checkpoint/weight-files";
import { isWeightFile } from "../weights/single-file/weight-file";
import { unneeded } from "./bring-model";
import { repositoryFolder } from "./cache-layout";
import { filesOf } from "./hub-files";
import type { HubName } from "./hub-name";
import { type HubSettings, hubSettings } from "./hub-settings";
import { cachedCommit } from "./snapshot";

export interface SizeOptions {
  readonly variant?: string | undefined;
  readonly settings?: HubSettings;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Bytes that a model on the hub takes to download, as its listing says; what is here already is left out. Nothing is
 * written: which components count is told by their folders, and so it is an estimate.
 * @throws SKIPSTEP_HUB_OFFLINE, what `hubFetch` throws
 */
export async function downloadSize(
  name: HubName,
  { variant, settings = hubSettings(), signal }: SizeOptions,
): Promise<number> {
  if (settings.offline) throw hubOffline(name.text, settings.cacheFolder);
  const repository = repositoryFolder(settings.cacheFolder, name);
  const commit = cachedCommit(repository, name);
  const files = await filesOf({ name, settings, signal }, commit ?? name.revision);
  const isHere = (path: string): boolean => commit !== undefined && existsSync(join(repository.snapshot(commit), path));
  const missing = wanted([...files.keys()], name.path, variant).filter((path) => !isHere(path));
  return missing.reduce((sum, path) => sum + files.get(path)!.size, 0);
}

const configs = ["model_index.json", "config.json", "scheduler_config.json"];

/** The file that is meant, or what a pipeline or component below a folder is read from. */
function wanted(paths: readonly string[], under: string, variant: string | undefined): string[] {
  if (isWeightFile(under)) return paths.filter((path) => path === under);
  const inside = paths.filter((path) => under === "" || path.startsWith(`${under}/`));
  return [...byFolder(inside)].flatMap(([folder, here]) => {
    if (unneeded.some((name) => folder.endsWith(`${name}/`))) return [];
    const isTokenizer = /(^|\/)tokenizer(_\d)?\/$/.test(folder);
    const small = here.filter((name) => (isTokenizer ? isTokenizerFile(name) : configs.includes(name)));
    return [...small, ...weightsAmong(here, variant)].map((name) => folder + name);
  });
}

/** Names of files by the folder that they lie in, which ends with `/`. A stranger's listing may have very many. */
function byFolder(paths: readonly string[]): Map<string, string[]> {
  const folders = new Map<string, string[]>();
  for (const path of paths) {
    const start = path.lastIndexOf("/") + 1;
    const folder = path.slice(0, start);
    const names = folders.get(folder) ?? [];
    folders.set(folder, names);
    names.push(path.slice(start));
  }
  return folders;
}

/** The first that counts, and with an index all shards that are named like it. */
function weightsAmong(names: readonly string[], variant: string | undefined): string[] {
  const known = [...(variant === undefined ? [] : candidates(variant)), ...candidates(undefined)];
  const found = known.find((name) => names.includes(name));
  if (found === undefined || !found.endsWith(".json")) return found === undefined ? [] : [found];
  const stem = found.slice(0, found.indexOf(".safetensors"));
  return [found, ...names.filter((name) => name.startsWith(stem) && /-of-\d+.*\.safetensors$/.test(name))];
}
