import { dirname } from "node:path";
import type { ConfigInput, PluginUse } from "../config/config";
import { type LoadedConfig, loadConfig } from "../config/load";
import type { Override } from "../config/overrides";
import { defaultCacheDir } from "../disk/cache-dir";
import { argumentInvalid } from "../errors/arguments";
import { pluginIdle } from "../errors/pipeline";
import { threadsInvalid } from "../errors/runtime";
import { shown } from "../errors/shown";
import type { BringOptions } from "../hub/bring-model";
import { broughtBy } from "../loop/brought";
import { Pipeline, type PipelineParts, type PluginChange } from "../loop/pipeline";
import { type OnProgress, ProgressListener } from "../loop/progress-listener";
import type { RecognisedModel } from "../loop/recognised-model";
import { Turns } from "../memory/component";
import { devicesIn } from "../memory/device-map";
import { idleBuilders } from "../plugins/idle-builders";
import type { PluginClass } from "../plugins/plugin";
import { isPath } from "../plugins/resolve";
import { Encodings } from "../program/encodings";
import { notePlaces } from "../recipe/note-places";
import { buildWarnings } from "../report/build-warnings";
import { noiseWarnings } from "../report/noise";
import type { TurnOptions } from "../runtime/device-turn";
import { Runtime } from "../runtime/runtime";
import { checkInput, checkOptions } from "../schema/check-arguments";
import { deepFreeze, isObject } from "../schema/json";
import type { Note } from "../weights/checkpoint/note";
import { applyLoras, loraWarnings } from "./apply-loras";
import { applyTextualInversions } from "./apply-textual-inversions";
import { buildModels } from "./build-model";
import { Catalogue } from "./catalogue";
import { configCatalogue } from "./config-model";
import { dtypeNotes } from "./dtype-notes";
import { fallbackNotes } from "./fallback-notes";
import { LateFunctions } from "./late-functions";
import { lazyEntries } from "./lazy-entries";
import { notesOf, noteWarnings } from "./notes";
import { openModel, withWeights } from "./open-model";
import { openModels, openWarnings } from "./open-models";
import { isOpenedRecipe, type OpenedRecipe } from "./open-recipe";
import { openTokenizers } from "./open-tokenizers";
import { RequestLoras } from "./request-loras";
import { chooseScheduler, schedulerNotes } from "./scheduler-choice";

export interface ConfigOptions {
  /** `generate.seed=7`; stronger than the config. */
  readonly overrides?: readonly (string | Override)[];
  /** Where paths and plugins of a config that is no file start from; the working directory when left out. */
  readonly folder?: string;
  /** False loads no code: plugins are found, and neither imported nor checked. To look at a config, not to run it. */
  readonly plugins?: boolean;
  readonly signal?: AbortSignal;
  /**
   * Told while files are downloaded from the hub, and while the model is compiled. What it throws, at once or in a
   * promise, fails the work with SKIPSTEP_PROGRESS_FAILED.
   */
  readonly onProgress?: OnProgress | undefined;
}

/** A config that was checked together with its checkpoint. */
export interface CheckedConfig extends LoadedConfig {
  /** Recognised by its configs; of what lies on the hub, weights may be missing still. */
  readonly model: RecognisedModel;
}

/** How a pipeline is opened on this machine; nothing of it changes an image. */
export interface CreateOptions extends ConfigOptions {
  /** Folder for compiled engines; `SKIPSTEP_CACHE` or the user's cache folder when left out. */
  readonly cacheDir?: string;
  /** Threads inside one operator, 1 to 1024; all cores when left out. */
  readonly threads?: number;
}

/**
 * Reads a config and checks everything that can be checked without weights: keys and types, plugins and their options,
 * conflicts, the checkpoint's components, and whether the model can follow the settings. Of a checkpoint on the hub only
 * JSON files are downloaded, and the headers of single files.
 *
 * @param input path of a JSON file, the config itself, or a recipe that was opened
 * @throws ConfigError with all mistakes at once, SKIPSTEP_CONFIG_UNREADABLE, SKIPSTEP_HOOK_FAILED,
 *   SKIPSTEP_ARGUMENT_INVALID
 */
export async function validateConfig(
  input: string | ConfigInput | OpenedRecipe,
  options: ConfigOptions = {},
): Promise<CheckedConfig> {
  checkInput("validateConfig", input);
  checkOptions("validateConfig", options);
  if (!isOpenedRecipe(input)) return check(input, options, undefined);
  const { config, folder, named } = input;
  return check(config, { folder, ...options }, named);
}

async function check(
  input: string | ConfigInput,
  options: ConfigOptions,
  named: readonly string[] | undefined,
): Promise<CheckedConfig> {
  const progress = new ProgressListener(options.onProgress);
  const checked = await checkedConfig(input, { ...options, onProgress: progress.tell }, named);
  await progress.settled();
  return checked;
}

/** @param named what only a recipe named */
async function checkedConfig(
  input: string | ConfigInput,
  options: ConfigOptions,
  named: readonly string[] | undefined,
): Promise<CheckedConfig> {
  const bringing = { extent: "configs", named, ...bringOptions(options) } as const;
  const loaded = await loadConfig(input, {
    ...options,
    catalogueOf: (plugins) => {
      const catalogue = new Catalogue(plugins);
      return configCatalogue(catalogue, (choice) => openModel(choice, catalogue, bringing));
    },
  });
  return { ...loaded, model: loaded.model!.recognised, ...(named ? { named } : {}) };
}

export function bringOptions({ signal, onProgress }: ConfigOptions): Pick<BringOptions, "signal" | "onDownload"> {
  return { signal, onDownload: (event) => onProgress?.({ kind: "download", ...event }) };
}

/**
 * Checks a config, compiles its model with its plugins (or finds it in the cache), and opens it.
 *
 * @param input path of a JSON file, the config itself, or a recipe that was opened
 * @throws what `validateConfig` and `chooseScheduler` throw; SKIPSTEP_REQUEST_THREADS; SKIPSTEP_PROVIDER_UNAVAILABLE;
 *   SKIPSTEP_TENSOR_MISSING, SKIPSTEP_TENSOR_SHAPE and other errors of the weights; SKIPSTEP_CACHE_FULL; SKIPSTEP_CANCELLED
 */
export async function createPipeline(
  input: string | ConfigInput | OpenedRecipe,
  options: CreateOptions = {},
): Promise<Pipeline> {
  checkInput("createPipeline", input);
  checkOptions("createPipeline", options);
  return openPipeline(await validateConfig(input, options), options);
}

/** Opens the pipeline of a config that was checked. Weights that lie on the hub are downloaded first. */
export async function openPipeline(loaded: CheckedConfig, options: CreateOptions = {}): Promise<Pipeline> {
  checkOptions("openPipeline", options);
  if (!isLoaded(loaded))
    throw argumentInvalid("openPipeline", [`the config must be what validateConfig gave, found ${shown(loaded)}`]);
  const progress = new ProgressListener(options.onProgress);
  const pipeline = new Pipeline(await openParts(loaded, { ...options, onProgress: progress.tell }));
  try {
    await progress.settled();
  } catch (error) {
    await pipeline.close();
    throw error;
  }
  return pipeline;
}

function isLoaded(value: unknown): boolean {
  return isObject(value) && isObject(value.config) && isObject(value.plugins) && isObject(value.model);
}

/** More than any machine has cores; each is made at once. */
const mostThreads = 1024;

/** Results of a text encoder that are kept: prompts and negative prompts of some images. T5 XXL's have 8 MB each. */
const usualEncodings = 8;

async function openParts(checked: CheckedConfig, options: CreateOptions): Promise<PipelineParts> {
  const { config, plugins } = checked;
  const { cacheDir = defaultCacheDir(), threads, signal, onProgress } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw threadsInvalid(threads, mostThreads);
  const { model: merged, loras } = applyLoras(await withWeights(checked, bringOptions(options)), config.lora);
  const { model, embeddings, uses, notes: learned } = applyTextualInversions(merged, config.textual_inversions);
  const { checkpoint, family, configs, components } = model;
  const scheduler = chooseScheduler(model, config.scheduler); // throws before anything is loaded
  const { device, device_map, provider_options: settings } = config;
  const waiting: TurnOptions = { signal, onWait: (wait) => onProgress?.({ kind: "wait", ...wait }) };
  const starting = Runtime.start({ provider: device, others: devicesIn(device_map), threads, waiting, settings });
  starting.catch(() => undefined); // told when it is awaited
  const tokenizerNotes: Note[] = [];
  const note = (one: Note): void => void tokenizerNotes.push(one);
  const tokenizers = openTokenizers(checkpoint, configs, note, signal, embeddings);
  try {
    for (const name of embeddings.keys()) await tokenizers.of(name); // refuses tokens before a weight is compiled
    const accelerators = device_map === "balanced" ? await (await starting).accelerators() : [];
    const placement = { ...config, accelerators };
    const { models: built, hooks, branches, unused, notes, roundings } = buildModels(model, plugins, placement);
    const runtime = await starting.catch((error: unknown) => {
      for (const { weights } of built) weights.close();
      throw error;
    });
    runtime.atClose(tokenizers.close);
    const idle = config.strict ? idleBuilders(plugins, hooks.receipts, broughtBy(plugins, model, scheduler)) : [];
    if (idle.length > 0) {
      for (const { weights } of built) weights.close();
      throw pluginIdle(idle);
    }
    const open = {
      cacheDir,
      plugins,
      memory: placement,
      turns: new Turns(),
      denoiser: family.denoiser,
      strict: config.strict,
      signal,
      onCompile: (component: string, done: number, of: number) =>
        onProgress?.({ kind: "compile", component, done, of }),
    };
    const models = await openModels(built, runtime, open);
    const late = new LateFunctions();
    const besides = new RequestLoras({ config, model, plugins, runtime, open, late, models, branches, unused });
    if (config.request_loras || config.generate.loras) await besides.open();
    const programs = Object.fromEntries(models.map(({ name, program }) => [name, besides.program(name, program)]));
    const lazy = lazyEntries(components, runtime, hooks, open, late);
    const entry: typeof lazy = async (name, function_) => besides.entry(name, function_, await lazy(name, function_));
    const encodings = new Encodings(
      {
        runtime,
        runs: (name, function_) => (function_ === undefined ? programs[name]! : entry(name, function_)),
        stateOf: (name) => besides.keyOf(name),
      },
      config.conditioning_cache ?? usualEncodings,
    );
    const texts = { tokenizer: tokenizers.of, encoder: encodings.of };
    const pipeline = await family.open({ checkpoint, runtime, programs, configs, ...texts, entry });
    const found = [...notesOf(model, config.scheduler), ...notes, ...learned, ...tokenizerNotes];
    const fallen = fallbackNotes(models);
    const warnings = [
      ...noteWarnings([...found, ...fallen]),
      ...loraWarnings(loras),
      ...openWarnings(models),
      ...buildWarnings(plugins),
      ...noiseWarnings(plugins, hooks.noiseIn(family.denoiser)),
    ];
    return {
      config: uses.length === 0 ? config : deepFreeze({ ...config, textual_inversions: uses }),
      plugins,
      model,
      scheduler,
      schedulerOf: (given) => ({
        choice: chooseScheduler(model, given),
        warnings: noteWarnings(schedulerNotes(model, given)),
      }),
      runtime,
      models,
      buildHooks: hooks,
      pipeline,
      warnings,
      notes: [...dtypeNotes(built, device), ...roundings, ...fallen.filter(({ kind }) => kind === "conclusion")].map(
        ({ text }) => text,
      ),
      places: notePlaces({ config, checkpoint, plugins, running: new Set(components.keys()) }, cacheDir),
      cacheDir,
      loras: besides,
      encodings,
      late,
      reopen: (uses, change = {}) => reopen(checked, uses, options, change),
    };
  } catch (error) {
    tokenizers.close();
    await starting.then(
      (runtime) => runtime.close(),
      () => undefined, // it never started
    );
    throw error;
  }
}

/** The same config with other plugins, checked anew. Those that stand in it already are found as they were. */
async function reopen(
  { config, plugins, file, named }: CheckedConfig,
  uses: readonly PluginUse[],
  { cacheDir, threads, folder = file && dirname(file) }: CreateOptions,
  change: PluginChange,
): Promise<PipelineParts> {
  // Classes that were passed in code are found by no name.
  const passed = plugins.plugins.filter(({ use, version }) => version === "local" && !isPath(use));
  const classes = new Map(passed.map(({ use, instance }) => [use, instance.constructor as PluginClass]));
  const entries = uses.map((entry) =>
    typeof entry?.use === "string" ? { ...entry, use: classes.get(entry.use) ?? entry.use } : entry,
  );
  const settings = { cacheDir, threads, folder, ...change };
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  return openParts(await check({ ...config, plugins: entries }, given, named), given);
}
