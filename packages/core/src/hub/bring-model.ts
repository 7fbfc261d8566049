import { join } from "node:path";
import type { Place } from "../weights/checkpoint/place";
import { readObject } from "../weights/checkpoint/read-object";
import { headerLength, parseHeader, prefixLength } from "../weights/checkpoint/safetensors-header";
import { isPacked } from "../weights/formats/is-packed";
import { isWeightFile } from "../weights/single-file/weight-file";
import { bringComponentFiles, type Extent, inFolder } from "./component-files";
import type { HubName } from "./hub-name";
import { type HubOptions, Snapshot } from "./snapshot";

export interface BringOptions extends HubOptions {
  readonly extent: Extent;
  readonly variant?: string | undefined;
}

/** Which components of a pipeline are needed. */
export interface Wanted {
  /** Those whose weights a pipeline of that class runs. @throws SKIPSTEP_PIPELINE_UNKNOWN */
  uses(className: string): readonly string[];
  /** Those that come from elsewhere. */
  readonly replaced: readonly string[];
}

/** Components that no pipeline here runs, and that `openCheckpoint` does not ask for. */
export const unneeded = ["safety_checker", "feature_extractor", "image_encoder"];

/**
 * Brings a pipeline, or a single file of one, from the hub.
 * @returns where it lies
 * @throws what `Snapshot.open` and `Snapshot.bring` throw, and SKIPSTEP_PIPELINE_UNKNOWN
 */
export async function bringPipeline(name: HubName, wanted: Wanted, options: BringOptions): Promise<Place> {
  const snapshot = await Snapshot.open(name, options);
  if (isWeightFile(name.path)) return bringSingleFile(snapshot, name, options.extent);
  const index = readObject(await snapshot.bring(inFolder(name.path, "model_index.json")));
  const uses = wanted.uses(String([index._class_name].flat().at(-1)));
  for (const [component, value] of Object.entries(index)) {
    const className = Array.isArray(value) && value.length === 2 ? value[1] : null;
    if (component.startsWith("_") || typeof className !== "string" || unneeded.includes(component)) continue;
    // A file that takes a component's place comes without a config: the component's own counts.
    const isRun = uses.includes(component) && !wanted.replaced.includes(component);
    const extent = isRun ? options.extent : "configs";
    await bringComponentFiles(snapshot, inFolder(name.path, component), { ...options, className, extent });
  }
  return { path: join(snapshot.folder, name.path), hub: name.text };
}

/**
 * Brings one component from the hub: a folder with its config, or a file of weights.
 * @param component `vae`, `tokenizer_2`
 */
export async function bringComponent(name: HubName, component: string, options: BringOptions): Promise<Place> {
  const snapshot = await Snapshot.open(name, options);
  if (isWeightFile(name.path)) return bringSingleFile(snapshot, name, options.extent);
  await bringComponentFiles(snapshot, name.path, { ...options, className: kindOf(component) });
  return { path: join(snapshot.folder, name.path), hub: name.text };
}

/** A class of the kind that a component is, as far as its files are concerned. */
function kindOf(component: string): string {
  if (component.startsWith("tokenizer")) return "Tokenizer";
  return component === "scheduler" ? "Scheduler" : "Model";
}

/** To check a config, the names and shapes in the file's header are enough. */
async function bringSingleFile(snapshot: Snapshot, { path: file, text: hub }: HubName, extent: Extent): Promise<Place> {
  const path = join(snapshot.folder, file);
  // What a plugin reads, or core unpacks, must lie here for that.
  if (extent === "weights" || snapshot.isHere(file) || !file.toLowerCase().endsWith(".safetensors"))
    return { path: await snapshot.bring(file), hub };
  const { size } = await snapshot.fileOf(file);
  const length = headerLength(hub, await snapshot.start(file, Math.min(size, 2 * prefixLength)), size);
  const start = await snapshot.start(file, prefixLength + length);
  const { entries, metadata } = parseHeader(path, start.subarray(prefixLength), size);
  if (isPacked(entries)) return { path: await snapshot.bring(file), hub };
  return { path, hub, entries, metadata };
}
