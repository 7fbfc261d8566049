import type { ModelChoice } from "../config/check-model";
import { atComponent, SkipstepError } from "../errors/error";
import { tokenizerUnavailable } from "../errors/single-file";
import { type BringOptions, bringComponent, bringPipeline } from "../hub/bring-model";
import { isHubName, parseHubName } from "../hub/hub-name";
import { withoutToken } from "../hub/hub-settings";
import type { RecognisedModel } from "../loop/recognised-model";
import { openCheckpoint } from "../weights/checkpoint/checkpoint";
import type { Place } from "../weights/checkpoint/place";
import type { ReadOptions } from "../weights/formats/weight-format";
import { readSingleFile } from "../weights/single-file/single-file-checkpoint";
import { checkReadable, isSingleFile } from "../weights/single-file/weight-file";
import { Catalogue } from "./catalogue";
import type { CheckedConfig } from "./create-pipeline";
import { recognise } from "./recognise";

export interface OpenModelOptions extends BringOptions {
  /** Paths and names on the hub that a recipe alone named: nothing is asked for in the user's name on their account. */
  readonly named?: readonly string[] | undefined;
}

/**
 * Opens and recognises the checkpoint that a config means. What lies on the hub is brought here first: JSON files alone
 * to check a config, everything that a pipeline runs to open it.
 * @throws what `openCheckpoint`, `recognise`, `bringPipeline` and `bringComponent` throw; errors of one component with
 *   the config's key in `at`
 */
export async function openModel(
  choice: ModelChoice,
  catalogue: Catalogue,
  options: OpenModelOptions,
): Promise<RecognisedModel> {
  const { place, components } = await bring(choice, catalogue, options);
  return recognise(
    openCheckpoint(place, { variant: choice.variant, components, added: catalogue.added, ...catalogue.reading }),
    catalogue,
  );
}

/**
 * The model of a config that was checked, with all weights here. It is opened anew only where more is known of it now.
 * @throws what `openModel` throws
 */
export async function withWeights(
  { config, plugins, named, model }: CheckedConfig,
  options: Omit<OpenModelOptions, "extent" | "named">,
): Promise<RecognisedModel> {
  if (![config.model, ...Object.values(config.components ?? {})].some(isHubName)) return model;
  const catalogue = new Catalogue(plugins.plugins);
  const all: OpenModelOptions = { ...options, extent: "weights", named };
  if (model.checkpoint.isPartial) return openModel(config, catalogue, all);
  await bring(config, catalogue, all);
  return model;
}

interface Brought {
  readonly place: Place;
  readonly components: Readonly<Record<string, Place>>;
}

async function bring(
  { model, variant, components: given = {} }: ModelChoice,
  catalogue: Catalogue,
  { named = [], ...options }: OpenModelOptions,
): Promise<Brought> {
  const { reading } = catalogue;
  checkNames(model, given, reading.formats); // before anything is downloaded
  const bringingFor = (text: string): BringOptions => ({
    ...options,
    variant,
    ...(named.includes(text) ? { settings: withoutToken(options.settings) } : {}),
  });
  const bringing = bringingFor(model);
  const uses = (className: string): string[] => catalogue.componentsOf({ folder: model, className });
  const wanted = { uses, replaced: Object.keys(given) };
  const place = isHubName(model) ? await bringPipeline(parseHubName(model), wanted, bringing) : { path: model };
  const places: Record<string, Place> = {};
  for (const [name, text] of Object.entries(given))
    places[name] = isHubName(text) ? await bringOverride(text, name, bringingFor(text)) : { path: text };
  const tokenizers = isSingleFile(place, reading.formats)
    ? await bringTokenizers(place, places, reading, bringing)
    : {};
  return { place, components: { ...tokenizers, ...places } };
}

function checkNames(model: string, given: Readonly<Record<string, string>>, formats: ReadOptions["formats"]): void {
  if (isHubName(model)) checkReadable(model, formats);
  for (const [name, text] of Object.entries(given))
    try {
      if (isHubName(text)) checkReadable(text, formats);
    } catch (error) {
      throw error instanceof SkipstepError ? atComponent(error, name) : error;
    }
}

async function bringOverride(text: string, name: string, options: BringOptions): Promise<Place> {
  try {
    return await bringComponent(parseHubName(text), name, options);
  } catch (error) {
    throw error instanceof SkipstepError ? atComponent(error, name) : error;
  }
}

/** The tokenizers that a single file's pipeline needs, where the config names none. */
async function bringTokenizers(
  place: Place,
  places: Readonly<Record<string, Place>>,
  reading: ReadOptions,
  options: BringOptions,
): Promise<Record<string, Place>> {
  const { pipeline, missing } = readSingleFile(place, reading);
  const absent = missing.filter((name) => !Object.hasOwn(places, name));
  const tokenizers = absent.map((name) => [name, pipeline.components[name]!] as const);
  // Told together by `openCheckpoint`, before anything is downloaded.
  if (tokenizers.some(([, known]) => known.kind !== "tokenizer")) return {};
  const brought: Record<string, Place> = {};
  for (const [name, known] of tokenizers) {
    if (known.kind !== "tokenizer") continue;
    try {
      brought[name] = await bringComponent(parseHubName(known.hub), name, options);
    } catch (error) {
      const isOurs = error instanceof SkipstepError && error.code !== "SKIPSTEP_CANCELLED";
      throw isOurs ? tokenizerUnavailable(place.hub ?? place.path, name, known.hub, error) : error;
    }
  }
  return brought;
}
