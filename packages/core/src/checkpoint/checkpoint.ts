import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { JsonObject } from "../config/json";
import {
  checkpointInvalid,
  checkpointMissing,
  componentFolderMissing,
  componentUnknown,
  variantMissing,
} from "../errors/checkpoint";
import { list } from "../errors/nearest";
import { type Component, openComponent } from "./component";
import { readObject } from "./read-object";
import { hasVariant, variantsIn } from "./weight-files";

export interface CheckpointOptions {
  /** `fp16` reads `model.fp16.safetensors`; components that have no such files give their plain ones. */
  readonly variant?: string | undefined;
}

/** A diffusers folder. */
export interface Checkpoint {
  /** Absolute path. */
  readonly folder: string;
  /** Class of the pipeline: `ZImagePipeline`. */
  readonly className: string;
  /** By name; those that `model_index.json` gives as null are left out. */
  readonly components: ReadonlyMap<string, Component>;
  /** What else `model_index.json` says: `{ "force_zeros_for_empty_prompt": true }`. */
  readonly options: Readonly<JsonObject>;
  /** @throws SKIPSTEP_COMPONENT_MISSING */
  component(name: string): Component;
}

/** Components that diffusers' pipelines can do without, and that people leave out when they download. */
const dispensable = ["safety_checker", "feature_extractor", "image_encoder"];

/**
 * Opens a diffusers folder: reads `model_index.json` and every component's config, no weights.
 *
 * @throws SKIPSTEP_CHECKPOINT_MISSING, SKIPSTEP_CHECKPOINT_INVALID, SKIPSTEP_COMPONENT_MISSING,
 *   SKIPSTEP_WEIGHTS_MISSING when no component has weights of the variant
 */
export function openCheckpoint(path: string, { variant }: CheckpointOptions = {}): Checkpoint {
  const folder = resolve(path);
  const file = join(folder, "model_index.json");
  if (!existsSync(file)) throw checkpointMissing(folder, whatIs(folder));
  const index = readObject(file);
  const className = [index._class_name].flat().at(-1); // a list for pipelines of one's own: [module, class]
  if (typeof className !== "string") throw checkpointInvalid(file, 'has no "_class_name"');

  const parts = partsOf(file, index).filter(({ name, folder }) => isThere(file, name, folder));
  if (variant !== undefined) checkVariant(folder, parts, variant);
  const components = new Map(
    parts.map((part) => {
      const hasIt = variant !== undefined && hasVariant(part.folder, variant);
      return [part.name, openComponent(part, hasIt ? variant : undefined)];
    }),
  );
  const component = (name: string): Component => {
    const found = components.get(name);
    if (!found) throw componentUnknown(folder, name, [...components.keys()]);
    return found;
  };
  return { folder, className, components, options: optionsOf(index), component };
}

type Part = Pick<Component, "name" | "library" | "className" | "folder">;

/** The components that are not null: `"vae": ["diffusers", "AutoencoderKL"]`. */
function partsOf(file: string, index: JsonObject): Part[] {
  return Object.entries(index).flatMap(([name, value]) => {
    if (name.startsWith("_") || !isPair(value) || value[0] === null || value[1] === null) return [];
    if (basename(name) !== name)
      throw checkpointInvalid(file, `names a component "${name}", which is no folder's name`);
    return [{ name, library: value[0], className: value[1], folder: join(dirname(file), name) }];
  });
}

/** Library and class of a component; two nulls for one that is left out. */
function isPair(value: unknown): value is [string | null, string | null] {
  return Array.isArray(value) && value.length === 2 && value.every((word) => word === null || typeof word === "string");
}

function optionsOf(index: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(index).filter(([name, value]) => !name.startsWith("_") && !isPair(value) && value !== null),
  );
}

function isThere(file: string, name: string, folder: string): boolean {
  if (isFolder(folder)) return true;
  if (dispensable.includes(name)) return false;
  throw componentFolderMissing(file, name, readdirSync(dirname(file)));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function checkVariant(folder: string, parts: readonly Part[], variant: string): void {
  if (parts.some((part) => hasVariant(part.folder, variant))) return;
  const known = new Set(parts.flatMap((part) => variantsIn(readdirSync(part.folder))));
  throw variantMissing(folder, variant, [...known]);
}

/** What a path without `model_index.json` is instead. */
function whatIs(path: string): string {
  if (!existsSync(path)) return "there is no such folder. Check the path.";
  if (!isFolder(path)) return "it is a file. Give a diffusers folder, which has a model_index.json.";
  const names = readdirSync(path).sort();
  const has = `It has: ${list(names)}.`;
  if (["config.json", "scheduler_config.json", "tokenizer_config.json"].some((name) => names.includes(name))) {
    const isAbove = existsSync(join(dirname(path), "model_index.json"));
    return `it is a single component of one. ${has} Give ${isAbove ? dirname(path) : "the folder above, with model_index.json"}.`;
  }
  const inside = names.filter((name) => existsSync(join(path, name, "model_index.json")));
  const advice =
    inside.length > 0 ? `Give one of the folders in it: ${list(inside)}.` : "Download the whole checkpoint.";
  return `it has no model_index.json. ${has} ${advice}`;
}
