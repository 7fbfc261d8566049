import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isFolder, namesIn } from "../../disk/on-disk";
import {
  checkpointInvalid,
  checkpointMissing,
  componentFolderMissing,
  componentUnknown,
  variantMissing,
} from "../../errors/checkpoint";
import { atComponent } from "../../errors/error";
import { list } from "../../errors/nearest";
import type { JsonObject } from "../../schema/json";
import type { ReadOptions } from "../formats/weight-format";
import type { KnownModel } from "../single-file/known-pipeline";
import { openSingleFile } from "../single-file/single-file-checkpoint";
import { isSingleFile } from "../single-file/weight-file";
import { type Component, type ComponentPart, openComponent } from "./component";
import type { Note } from "./note";
import { openAdded, openOverride } from "./override";
import { type Place, placeOf } from "./place";
import { readObject } from "./read-object";
import { hasVariant, variantsIn } from "./weight-files";

/** Components that have no files of the variant give their plain ones. */
export interface CheckpointOptions extends ReadOptions {
  /** Components from other folders or files, by name. */
  readonly components?: Readonly<Record<string, string | Place>> | undefined;
  /** What a component may be that a pipeline of the class is without, and a config adds. */
  readonly added?: ((className: string, name: string) => KnownModel | undefined) | undefined;
}

/** A diffusers folder, or a single file that is treated as one. */
export interface Checkpoint {
  /** Absolute path of the folder or file. */
  readonly folder: string;
  /** Class of the pipeline: `ZImagePipeline`. */
  readonly className: string;
  /** By name; those that `model_index.json` gives as null are left out. */
  readonly components: ReadonlyMap<string, Component>;
  /** What else `model_index.json` says: `{ "force_zeros_for_empty_prompt": true }`. */
  readonly options: Readonly<JsonObject>;
  /** Of a file of weights on the hub nothing but the header is here: what its values say is not known. */
  readonly isPartial?: boolean;
  /** What was found out of the file or folder as a whole. */
  readonly notes?: readonly Note[];
  /** @throws SKIPSTEP_COMPONENT_MISSING */
  component(name: string): Component;
}

/** Components that diffusers' pipelines can do without, and that people leave out when they download. */
const dispensable = ["safety_checker", "feature_extractor", "image_encoder"];

/**
 * Opens a diffusers folder or a single file: reads `model_index.json`, every component's config, and of files their
 * tensors' names and shapes; no weights.
 *
 * @throws SKIPSTEP_CHECKPOINT_MISSING, SKIPSTEP_CHECKPOINT_INVALID, SKIPSTEP_COMPONENT_MISSING,
 *   SKIPSTEP_WEIGHTS_MISSING when no component has weights of the variant, and what `openSingleFile` throws
 */
export function openCheckpoint(
  model: string | Place,
  { components: given = {}, added = () => undefined, ...options }: CheckpointOptions,
): Checkpoint {
  const place = placeOf(model);
  const places = Object.fromEntries(Object.entries(given).map(([name, other]) => [name, placeOf(other)]));
  const checkpoint = isSingleFile(place, options.formats)
    ? openSingleFile({ ...place, path: resolve(place.path) }, options, places, added)
    : openFolder(place, options, places, added);
  const isPartial = [place, ...Object.values(places)].some(({ entries }) => entries !== undefined);
  return isPartial ? { ...checkpoint, isPartial } : checkpoint;
}

type Added = NonNullable<CheckpointOptions["added"]>;

function openFolder(
  { path, hub }: Place,
  options: ReadOptions,
  places: Readonly<Record<string, Place>>,
  added: Added,
): Checkpoint {
  const folder = resolve(path);
  const file = join(folder, "model_index.json");
  if (!existsSync(file)) throw checkpointMissing(folder, whatIs(folder));
  const index = readObject(file);
  const className = [index._class_name].flat().at(-1); // a list for pipelines of one's own: [module, class]
  if (typeof className !== "string") throw checkpointInvalid(file, 'has no "_class_name"');

  const parts = partsOf(file, index, hub);
  const names = parts.map(({ name }) => name);
  const more = Object.keys(places).filter((name) => !names.includes(name));
  const unknown = more.find((name) => !added(className, name));
  if (unknown !== undefined) throw atComponent(componentUnknown(folder, unknown, names), unknown);
  const present = parts.filter((part) => isThere(file, part, Object.hasOwn(places, part.name)));
  const { variant } = options;
  if (variant !== undefined && hub === undefined) checkVariant(folder, present, variant);
  const opened = present.map((part): Component => {
    const other = Object.hasOwn(places, part.name) ? places[part.name] : undefined;
    if (!other) return openComponent(part, options);
    const own = isFolder(part.folder) ? openComponent(part, options, false) : undefined;
    const known = added(className, part.name);
    return openOverride(other, { ...part, className: own?.className ?? part.className, own, known }, options);
  });
  const beside = more.map((name) => openAdded(name, places[name]!, added(className, name)!, options));
  const components = new Map([...opened, ...beside].map((component) => [component.name, component]));
  const component = (name: string): Component => {
    const found = components.get(name);
    if (!found) throw componentUnknown(folder, name, [...components.keys()]);
    return found;
  };
  return { folder, className, components, options: optionsOf(index), component };
}

/** The components that are not null: `"vae": ["diffusers", "AutoencoderKL"]`. */
function partsOf(file: string, index: JsonObject, hub: string | undefined): ComponentPart[] {
  return Object.entries(index).flatMap(([name, value]) => {
    if (name.startsWith("_") || !isPair(value) || value[0] === null || value[1] === null) return [];
    if (basename(name) !== name || name === "." || name === "..")
      throw checkpointInvalid(file, `names a component "${name}", which is no folder's name`);
    return [{ name, library: value[0], className: value[1], folder: join(dirname(file), name), hub }];
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

function isThere(file: string, { name, folder }: ComponentPart, isReplaced: boolean): boolean {
  if (isReplaced || isFolder(folder)) return true;
  if (dispensable.includes(name)) return false;
  throw componentFolderMissing(file, name, namesIn(dirname(file)));
}

function checkVariant(folder: string, parts: readonly ComponentPart[], variant: string): void {
  if (parts.some((part) => hasVariant(part.folder, variant))) return;
  const known = new Set(parts.flatMap((part) => variantsIn(namesIn(part.folder))));
  throw variantMissing(folder, variant, [...known]);
}

/** What a path without `model_index.json` is instead. */
function whatIs(path: string): string {
  if (!existsSync(path)) return "there is no such folder. Check the path.";
  if (!isFolder(path))
    return "it is a file. Give a diffusers folder, which has a model_index.json, or a safetensors file.";
  const names = namesIn(path);
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
