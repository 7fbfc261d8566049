import { componentUnknown } from "../../errors/checkpoint";
import { atComponent } from "../../errors/error";
import { componentsMissing } from "../../errors/single-file";
import type { Checkpoint, CheckpointOptions } from "../checkpoint/checkpoint";
import type { Component } from "../checkpoint/component";
import { isHarmless } from "../checkpoint/harmless-tensors";
import type { Note } from "../checkpoint/note";
import { openAdded, openOverride } from "../checkpoint/override";
import type { Place } from "../checkpoint/place";
import { tensorsUnused } from "../checkpoint/tensors-unused";
import type { ReadOptions } from "../formats/weight-format";
import { componentOf } from "./file-component";
import { type FilePart, partOf } from "./file-part";
import type { KnownComponent, KnownPipeline } from "./known-pipeline";
import { readWeightFile, type WeightFile } from "./weight-file";

/** A single file of weights, and the pipeline that it belongs to. */
export interface SingleFile {
  readonly file: WeightFile;
  readonly pipeline: KnownPipeline;
  /** Its models, by the names of their components. */
  readonly parts: ReadonlyMap<string, FilePart>;
  /** Components that must come from elsewhere, tokenizers among them. */
  readonly missing: readonly string[];
}

/** @throws SKIPSTEP_FILE_UNKNOWN, SKIPSTEP_FILE_FORMAT, what `SafetensorsFile.open` throws */
export function readSingleFile(place: Place, { formats, known }: ReadOptions): SingleFile {
  const file = readWeightFile(place, formats);
  const pipeline = known.identify(place.hub ?? place.path, file);
  const parts = new Map<string, FilePart>();
  const missing: string[] = [];
  for (const [name, { kind, className }] of Object.entries(pipeline.components)) {
    const part = kind === "model" ? partOf(known, file.shapes, className, name) : undefined;
    if (part) parts.set(name, part);
    else if (kind !== "scheduler") missing.push(name);
  }
  return { file, pipeline, parts, missing };
}

/**
 * A pipeline from a single file, its configs and its scheduler those that are known of such files.
 * @param places components from elsewhere
 * @throws SKIPSTEP_COMPONENT_MISSING for those that are nowhere; what `readSingleFile` and `openOverride` throw
 */
export function openSingleFile(
  place: Place,
  options: ReadOptions,
  places: Readonly<Record<string, Place>>,
  added: NonNullable<CheckpointOptions["added"]>,
): Checkpoint {
  const { file, pipeline, parts, missing } = readSingleFile(place, options);
  const path = place.hub ?? place.path;
  const more = Object.keys(places).filter((name) => !Object.hasOwn(pipeline.components, name));
  const unknown = more.find((name) => !added(pipeline.className, name));
  if (unknown !== undefined)
    throw atComponent(componentUnknown(path, unknown, Object.keys(pipeline.components)), unknown);
  const nowhere = missing.filter((name) => !Object.hasOwn(places, name));
  if (nowhere.length > 0) throw componentsMissing(path, pipeline.title, nowhere, denoiserOf(parts));

  const components = new Map([
    ...Object.entries(pipeline.components).map(([name, known]): [string, Component] => {
      const library =
        known.kind === "model" ? known.library : known.kind === "scheduler" ? "diffusers" : "transformers";
      const replaced = { name, library, className: known.className, known };
      const other = places[name];
      if (other) return [name, openOverride(other, replaced, options)];
      if (known.kind === "scheduler") return [name, schedulerOf(name, known)];
      return [name, componentOf(file, parts.get(name), replaced, options.known)];
    }),
    ...more.map((name): [string, Component] => {
      return [name, openAdded(name, places[name]!, added(pipeline.className, name)!, options)];
    }),
  ]);
  const component = (name: string): Component => {
    const found = components.get(name);
    if (!found) throw componentUnknown(path, name, [...components.keys()]);
    return found;
  };
  const { className, options: said } = pipeline;
  const notes = [...(pipeline.notes ?? []), ...leftovers(path, file, parts, pipeline.marks)];
  return { folder: path, className, components, options: said, notes, component };
}

/** Tensors that belong to no model of the file's pipeline. Those of models that come from elsewhere are known. */
function leftovers(
  path: string,
  { shapes }: WeightFile,
  models: SingleFile["parts"],
  marks: readonly string[] = [],
): Note[] {
  const used = new Set(marks);
  for (const { recipes } of models.values())
    for (const { parts } of recipes.values()) for (const { tensor } of parts) used.add(tensor);
  const left = [...shapes.keys()].filter((tensor) => !used.has(tensor) && !isHarmless(tensor));
  return left.length === 0 ? [] : [{ kind: "warning", text: tensorsUnused(path, undefined, left) }];
}

function schedulerOf(name: string, { className, config }: Extract<KnownComponent, { kind: "scheduler" }>): Component {
  const weights = (): never => {
    throw new TypeError("a scheduler has no weights");
  };
  return { name, library: "diffusers", className, source: { path: "built in", config: "built in" }, config, weights };
}

/** The component that a file is for: of several, the one that draws. */
function denoiserOf(parts: SingleFile["parts"]): string {
  const names = [...parts.keys()];
  return names.find((name) => name === "unet" || name === "transformer") ?? names[0]!;
}
