import { existsSync } from "node:fs";
import { join } from "node:path";
import { namesIn, statsOf } from "../../disk/on-disk";
import { componentAmbiguous, componentNowhere } from "../../errors/checkpoint";
import { atComponent, SkipstepError } from "../../errors/error";
import type { ReadOptions } from "../formats/weight-format";
import { openFileComponent } from "../single-file/file-component";
import type { KnownComponent, KnownModel } from "../single-file/known-pipeline";
import { isWeightFile } from "../single-file/weight-file";
import { type Component, configFileOf, openComponent } from "./component";
import type { Place } from "./place";
import { readObject } from "./read-object";

/** What is known of a component that another folder or file takes the place of. */
export interface Replaced {
  readonly name: string;
  /** As the checkpoint's `model_index.json` has it. */
  readonly library: string;
  readonly className: string;
  /** The checkpoint's own, where it has one: a file of weights comes without a config. */
  readonly own?: Component | undefined;
  /** What a single file's pipeline has there. */
  readonly known?: KnownComponent | undefined;
}

/**
 * Opens a component from a folder or file of its own.
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_FILE_PART, SKIPSTEP_FILE_FORMAT, what `openComponent` throws; all with
 *   the config's key in `at`
 */
export function openOverride(place: Place, replaced: Replaced, options: ReadOptions): Component {
  try {
    return open(place, replaced, options);
  } catch (error) {
    throw error instanceof SkipstepError ? atComponent(error, replaced.name) : error;
  }
}

/** Opens a component that the checkpoint has none of. @throws what `openOverride` throws */
export function openAdded(name: string, place: Place, known: KnownModel, options: ReadOptions): Component {
  const { library, className } = known;
  return openOverride(place, { name, library, className, known }, options);
}

function open(place: Place, replaced: Replaced, options: ReadOptions): Component {
  const { path, hub } = place;
  const { name, library } = replaced;
  const stats = statsOf(path);
  if (place.entries || (!stats && isWeightFile(path, options.formats)) || stats?.isFile())
    return openFileComponent(place, replaced, options);
  if (!stats?.isDirectory()) throw componentNowhere(path, name);
  if (existsSync(join(path, "model_index.json"))) throw componentAmbiguous(path, name, namesIn(path));
  const part = { name, library, className: classIn(path, replaced.className), folder: path, hub };
  return openComponent(part, options);
}

/** The class that a component's folder says it is; `otherwise` when it says none. */
function classIn(folder: string, otherwise: string): string {
  const file = join(folder, configFileOf(otherwise));
  if (!existsSync(file)) return otherwise;
  const { _class_name, architectures, tokenizer_class } = readObject(file);
  const said = [_class_name, [architectures].flat()[0], tokenizer_class].find((word) => typeof word === "string");
  return (said as string | undefined) ?? otherwise;
}
