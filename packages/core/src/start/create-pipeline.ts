import { dirname } from "node:path";
import { defaultCacheDir } from "../compiler/cache-dir";
import type { ConfigInput, PluginUse } from "../config/config";
import { type FormatChoice, type LoadedConfig, loadConfig } from "../config/load";
import type { Override } from "../config/overrides";
import { argumentInvalid } from "../errors/arguments";
import { threadsInvalid } from "../errors/engine";
import { shown } from "../errors/shown";
import { familyOf } from "../families/families";
import type { BringOptions } from "../hub/bring-model";
import { Pipeline, type PipelineParts, type PluginChange } from "../loop/pipeline";
import { type OnProgress, ProgressListener } from "../loop/progress-listener";
import { settingProblems } from "../loop/request";
import { Turns } from "../memory/component";
import { devicesIn } from "../memory/device-map";
import type { PluginClass } from "../plugins/plugin";
import { isPath } from "../plugins/resolve";
import { notePlaces } from "../recipe/note-places";
import { buildWarnings } from "../report/build-warnings";
import { noiseWarnings } from "../report/noise";
import { Engine } from "../runtime/engine";
import { schedulerSchemas } from "../schedulers/registry";
import { checkInput, checkOptions } from "../schema/check-arguments";
import { isObject } from "../schema/json";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Note } from "../weights/checkpoint/note";
import { formatsOf } from "../weights/formats/find-format";
import { applyLoras, loraWarnings } from "../weights/lora/apply-loras";
import { buildModels } from "./build-model";
import { checkDeepModels } from "./check-claims";
import { componentModels, configsOf, denoiserStructure } from "./component-model";
import { familiesWith } from "./families-with";
import { lazyEntries } from "./lazy-entries";
import { notesOf, noteWarnings } from "./notes";
import { openModel } from "./open-model";
import { openModels, openWarnings } from "./open-models";
import { isOpenedRecipe, type OpenedRecipe } from "./open-recipe";
import { openTokenizers } from "./open-tokenizers";
import { chooseScheduler } from "./scheduler-choice";

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
  /** Its configs; of what lies on the hub, weights may be missing still. */
  readonly checkpoint: Checkpoint;
}

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
  let opening: Promise<Checkpoint> | undefined; // of one config, there is one choice
  const opened = (choice: FormatChoice): Promise<Checkpoint> => {
    opening ??= openModel(choice, { extent: "configs", named, ...bringOptions(options) });
    return opening;
  };
  const loaded = await loadConfig(input, {
    ...options,
    schedulerSchemas,
    familiesWith,
    structureOf: async (choice) => {
      const checkpoint = await opened(choice);
      const family = familyOf(checkpoint);
      const models = componentModels(family, checkpoint);
      checkDeepModels(models.values());
      return denoiserStructure(family, models);
    },
    componentsOf: async (choice) => {
      const checkpoint = await opened(choice);
      const family = familyOf(checkpoint);
      return { names: [...componentModels(family, checkpoint).keys()], denoiser: family.denoiser };
    },
    schedulerOf: async (choice) => (await opened(choice)).components.get("scheduler")?.className,
    checkFit: async (choice, scheduler) => {
      const checkpoint = await opened(choice);
      chooseScheduler(checkpoint, scheduler, familyOf(checkpoint));
    },
    settingProblems: async (choice, generate, limits) => {
      const checkpoint = await opened(choice);
      const family = familyOf(checkpoint);
      return settingProblems(family, configsOf(componentModels(family, checkpoint), checkpoint), generate, {}, limits);
    },
  });
  const checkpoint = await opened({ ...loaded.config, ...formatsOf(loaded.plugins.plugins) });
  return { ...loaded, checkpoint, ...(named ? { named } : {}) };
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
export async function openPipeline(loaded: LoadedConfig, options: CreateOptions = {}): Promise<Pipeline> {
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
  return isObject(value) && isObject(value.config) && isObject(value.plugins);
}

/** More than any machine has cores; each is made at once. */
const mostThreads = 1024;

async function openParts(loaded: LoadedConfig, options: CreateOptions): Promise<PipelineParts> {
  const { config, plugins, named } = loaded;
  const { cacheDir = defaultCacheDir(), threads, signal, onProgress } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= mostThreads))
    throw threadsInvalid(threads, mostThreads);
  const checkpoint = await openModel(
    { ...config, ...formatsOf(plugins.plugins) },
    { extent: "weights", named, ...bringOptions(options) },
  );
  const family = familyOf(checkpoint);
  const { sources, loras } = applyLoras(family, componentModels(family, checkpoint), config.lora);
  const configs = configsOf(sources, checkpoint);
  chooseScheduler(checkpoint, config.scheduler, family); // throws before anything is loaded
  const { device, device_map } = config;
  const starting = Engine.start({ provider: device, others: devicesIn(device_map), threads });
  starting.catch(() => undefined); // told when it is awaited
  const tokenizerNotes: Note[] = [];
  const note = (one: Note): void => void tokenizerNotes.push(one);
  const tokenizers = openTokenizers(checkpoint, configs, note, signal);
  try {
    const accelerators = device_map === "balanced" ? await (await starting).accelerators() : [];
    const placement = { ...config, accelerators };
    const structure = denoiserStructure(family, sources);
    const { models: built, hooks, notes } = buildModels(family, sources, plugins, structure, placement);
    const engine = await starting.catch((error: unknown) => {
      for (const { weights } of built) weights.close();
      throw error;
    });
    engine.atClose(tokenizers.close);
    const open = {
      cacheDir,
      plugins,
      memory: placement,
      turns: new Turns(),
      denoiser: family.denoiser,
      signal,
      onCompile: (component: string, done: number, of: number) =>
        onProgress?.({ kind: "compile", component, done, of }),
    };
    const models = await openModels(built, engine, open);
    const programs = Object.fromEntries(models.map(({ name, program }) => [name, program]));
    const entry = lazyEntries(sources, engine, hooks, open);
    const pipeline = await family.open({ checkpoint, engine, programs, configs, tokenizer: tokenizers.of, entry });
    const found = [...notesOf(family, checkpoint, sources, config.scheduler), ...notes, ...tokenizerNotes];
    const warnings = [
      ...noteWarnings(found),
      ...loraWarnings(loras),
      ...openWarnings(models),
      ...buildWarnings(plugins),
      ...noiseWarnings(plugins, hooks.receipts, family.denoiser),
    ];
    return {
      config,
      plugins,
      checkpoint,
      family,
      configs,
      engine,
      models,
      buildHooks: hooks,
      pipeline,
      warnings,
      places: notePlaces({ config, checkpoint, plugins, running: new Set(sources.keys()) }, cacheDir),
      cacheDir,
      reopen: (uses, change = {}) => reopen(loaded, uses, options, change),
    };
  } catch (error) {
    tokenizers.close();
    await starting.then(
      (engine) => engine.close(),
      () => undefined, // it never started
    );
    throw error;
  }
}

/** The same config with other plugins, checked anew. Those that stand in it already are found as they were. */
async function reopen(
  { config, plugins, file, named }: LoadedConfig,
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
