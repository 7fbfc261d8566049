import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { checkpointInvalid, folderUnreadable, shardsMissing, weightsMissing } from "../../errors/checkpoint";
import { list } from "../../errors/nearest";
import { shown } from "../../errors/shown";
import { isObject } from "../../schema/json";
import { readObject } from "./read-object";

/** The files that hold a component's weights. */
export interface WeightFiles {
  /** Paths of the safetensors files, in the order of their names. */
  readonly files: readonly string[];
  /** For weights in several files: the index, and the name of the file that holds each tensor. */
  readonly shards?: { readonly index: string; readonly fileOf: ReadonlyMap<string, string> };
}

/** diffusers models, transformers models, and transformers models saved by diffusers of old. */
const stems = ["diffusion_pytorch_model", "model", "pytorch_model"];

/**
 * Finds the weights in a component's folder: one file, or an index and its shards.
 *
 * @param variant the middle of the file names: `fp16` for `model.fp16.safetensors`
 * @throws SKIPSTEP_WEIGHTS_MISSING, SKIPSTEP_SHARD_MISSING, SKIPSTEP_CHECKPOINT_INVALID
 */
export function findWeightFiles(folder: string, variant?: string): WeightFiles {
  const present = namesIn(folder);
  const found = candidates(variant).find((name) => present.includes(name));
  if (found === undefined) throw weightsMissing(folder, candidates(variant), present, hint(present, variant));
  return found.endsWith(".json") ? readIndex(folder, found, present) : { files: [join(folder, found)] };
}

/** True when a folder has weights of that variant. */
export function hasVariant(folder: string, variant: string): boolean {
  return existsSync(folder) && candidates(variant).some((name) => existsSync(join(folder, name)));
}

/** The variants whose weights are among a folder's file names. */
export function variantsIn(names: readonly string[]): string[] {
  const pattern = new RegExp(`^(?:${stems.join("|")})(?:\\.(.+)\\.safetensors|\\.safetensors\\.index\\.(.+)\\.json)$`);
  const variants = names.flatMap((name) => {
    const [, inFile, inIndex] = pattern.exec(name) ?? [];
    const variant = inFile ?? inIndex;
    return variant === undefined ? [] : [variant.replace(/-\d+-of-\d+$/, "")];
  });
  return [...new Set(variants)];
}

/** Names of files that hold a component's weights, or say which do, in the order in which they count. */
export function candidates(variant: string | undefined): string[] {
  const middle = variant === undefined ? "" : `.${variant}`;
  return stems.flatMap((stem) => [`${stem}${middle}.safetensors`, `${stem}.safetensors.index${middle}.json`]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    throw folderUnreadable(folder, error);
  }
}

function readIndex(folder: string, name: string, present: readonly string[]): WeightFiles {
  const index = join(folder, name);
  const { weight_map: map } = readObject(index);
  if (!isObject(map) || Object.keys(map).length === 0) throw checkpointInvalid(index, 'has no "weight_map"');
  const fileOf = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== "string" || basename(file) !== file)
      throw checkpointInvalid(index, `must give the name of a file beside it for "${tensor}", found ${shown(file)}`);
    fileOf.set(tensor, file);
  }
  const files = [...new Set(fileOf.values())].sort();
  const missing = files.filter((file) => !present.includes(file));
  if (missing.length > 0) throw shardsMissing(index, missing, present);
  return { files: files.map((file) => join(folder, file)), shards: { index, fileOf } };
}

/** What to do about weights that are not there. */
function hint(present: readonly string[], variant: string | undefined): string {
  const variants = variantsIn(present);
  const set = variants.length > 0 ? `Set "variant" to: ${list(variants)}.` : "";
  const isPlain = variant !== undefined && candidates(undefined).some((name) => present.includes(name));
  if (isPlain) return `Leave "variant" out. ${set}`.trim();
  if (set !== "") return set;
  if (present.some((name) => /-\d+-of-\d+\b.*\.safetensors$/.test(name)))
    return "The index of these shards is missing: download it again.";
  if (present.some((name) => /\.(bin|pt|pth|ckpt)$/.test(name)))
    return "Pickles are not read: download or convert the weights as safetensors.";
  return "Download the folder again.";
}
