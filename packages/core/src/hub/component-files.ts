import { isObject } from "../schema/json";
import { configFileOf } from "../weights/checkpoint/component";
import { readObject } from "../weights/checkpoint/read-object";
import { candidates } from "../weights/checkpoint/weight-files";
import type { Snapshot } from "./snapshot";

/** How much of a checkpoint is needed: enough to check a config, or all that a pipeline runs. */
export type Extent = "configs" | "weights";

/** Files of a tokenizer's folder; those that hold the vocabulary last, so that they tell whether all is here. */
const tokenizerNotes = ["special_tokens_map.json", "added_tokens.json", "chat_template.jinja", "tokenizer_config.json"];
const vocabularies = [["tokenizer.json"], ["vocab.json", "merges.txt"], ["spiece.model"]];

/**
 * Brings what a component needs.
 * @param folder inside the repository; empty for its root
 * @param className the component's, or one of its kind
 * @throws what `Snapshot.bring` throws
 */
export async function bringComponentFiles(
  snapshot: Snapshot,
  folder: string,
  { className, variant, extent }: { className: string; variant?: string | undefined; extent: Extent },
): Promise<void> {
  const config = inFolder(folder, configFileOf(className));
  if (/Tokenizer/.test(className)) return bringTokenizer(snapshot, folder);
  if (/(Processor|Extractor)(Fast)?$/.test(className)) return;
  await snapshot.bring(config);
  if (extent === "weights" && !/Scheduler$/.test(className)) await bringWeights(snapshot, folder, variant);
}

/** Path inside the repository. */
export function inFolder(folder: string, file: string): string {
  return folder === "" ? file : `${folder}/${file}`;
}

async function bringTokenizer(snapshot: Snapshot, folder: string): Promise<void> {
  const paths = (names: readonly string[]): string[] => names.map((name) => inFolder(folder, name));
  if (vocabularies.some((names) => paths(names).every((file) => snapshot.isHere(file)))) return;
  for (const file of paths(tokenizerNotes)) if (await snapshot.has(file)) await snapshot.bring(file);
  for (const files of vocabularies.map(paths)) {
    if (!(await snapshot.has(files[0]!))) continue;
    for (const file of files) await snapshot.bring(file);
    return;
  }
  await snapshot.bring(inFolder(folder, "tokenizer.json")); // the error says what there is instead
}

async function bringWeights(snapshot: Snapshot, folder: string, variant: string | undefined): Promise<void> {
  const found =
    (variant === undefined ? undefined : await firstOf(snapshot, folder, variant)) ??
    (await firstOf(snapshot, folder, undefined)) ??
    candidates(undefined)[0]!; // the error says what there is instead
  const path = await snapshot.bring(inFolder(folder, found));
  if (!found.endsWith(".json")) return;
  for (const shard of shardsIn(path)) await snapshot.bring(inFolder(folder, shard));
}

/** The file that counts: one that is here, so that the hub need not be asked, else one that the hub has. */
async function firstOf(snapshot: Snapshot, folder: string, variant: string | undefined): Promise<string | undefined> {
  const names = candidates(variant);
  const here = names.find((name) => snapshot.isHere(inFolder(folder, name)));
  if (here !== undefined) return here;
  for (const name of names) if (await snapshot.has(inFolder(folder, name))) return name;
  return undefined;
}

/** Names of the files that an index places tensors in; what is wrong with it is told when it is opened. */
function shardsIn(index: string): string[] {
  const { weight_map: map } = readObject(index);
  return [...new Set(Object.values(isObject(map) ? map : {}))].filter(
    (name): name is string => typeof name === "string",
  );
}
