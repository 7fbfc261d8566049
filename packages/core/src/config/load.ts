import path from "node:path";
import type { Structure } from "../architecture/structure";
import { configInvalid } from "../errors/config";
import { SkipstepError } from "../errors/error";
import { isHubName } from "../hub/hub-name";
import type { FamiliesWith } from "../plugins/conflicts";
import type { FoundPlugin, PluginCode } from "../plugins/discover";
import { createHost, type PluginHost } from "../plugins/host";
import type { PluginClass } from "../plugins/plugin";
import { isPath, pathOf } from "../plugins/resolve";
import { type Finding, findingOf, invalid, locate } from "../schema/finding";
import { copyJson, deepFreeze, isDeeper, isObject, type JsonObject, type JsonPath, valueAt } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import { expandPlugins, type Layer, mergeLayers, ownerOf } from "../schema/layer";
import { usualLimits } from "../schema/parse-json";
import { validate } from "../schema/validate";
import type { SettingProblem } from "../settings/setting-problem";
import { checkBuildHooks, checkComponents, checkDeviceMap, type PipelineComponents } from "./check-components";
import { type CheckedPlugins, checkFeatures, checkPlugins, type PlacedPlugin } from "./check-plugins";
import { checkScheduler, type SchedulerSchemas } from "./check-scheduler";
import { plainInput } from "./class-entries";
import type { Config, ConfigInput, GenerateConfig, PluginConfig, SchedulerConfig } from "./config";
import { coreSchema } from "./core-schema";
import type { LimitChoice } from "./limits";
import { applyOverride, type Override, overrideLayer, parseOverride } from "./overrides";
import { placeLoras } from "./place-loras";
import { readConfig, readObject } from "./read";

/** A checkpoint's model, as far as a config is checked against it. */
export interface ConfigModel {
  readonly structure: Structure;
  readonly pipeline: PipelineComponents;
  /** Class name of the checkpoint's own scheduler, for checking options that come without a `type`. */
  readonly ownScheduler: string | undefined;
  /** Throws what keeps the checkpoint from running with that scheduler. */
  checkFit(scheduler: SchedulerConfig | undefined): void;
  /** Settings that it cannot follow. */
  settingProblems(generate: GenerateConfig, limits: LimitChoice): readonly SettingProblem[];
}

/** What is known of models, by core and by a config's plugins. */
export interface ConfigCatalogue<Model extends ConfigModel = ConfigModel> {
  readonly schedulerSchemas: SchedulerSchemas;
  /** Of `generate`. */
  readonly settingsSchema: JsonSchema;
  /** Families of models that a plugin fits, for errors. */
  readonly familiesWith: FamiliesWith;
  /** Looks at the checkpoint's configs, not at its weights; a `SkipstepError` from it is told with all others. */
  recognise?(choice: ModelChoice): Promise<Model>;
}

export interface LoadOptions<Model extends ConfigModel = ConfigModel> {
  /** `generate.seed=7`; stronger than any file. */
  readonly overrides?: readonly (string | Override)[];
  /** Where paths and plugins of a config that is no file start from; the working directory when left out. */
  readonly folder?: string;
  /** False loads no code: plugins are found, and neither imported nor checked. */
  readonly plugins?: boolean;
  /** @throws what plugins bring that cannot stand together */
  catalogueOf(plugins: readonly FoundPlugin[]): ConfigCatalogue<Model>;
}

/** The part of a config that says which checkpoint is meant. */
export type ModelChoice = Pick<Config, "model" | "variant" | "components">;

export interface LoadedConfig {
  /** Frozen; paths are absolute. */
  readonly config: Config;
  readonly plugins: PluginHost;
  /** Absolute path of the config file, if it came from one. */
  readonly file?: string;
  /** The modules that its plugins are, or would be, loaded from. Classes that were passed in code are none. */
  readonly code: readonly PluginCode[];
  /** What a recipe alone named: paths and names on the hub. */
  readonly named?: readonly string[];
}

/**
 * Reads a config, checks everything in it and makes its plugins. Reads no weights.
 *
 * @param input path of a JSON file, or the config itself
 * @throws ConfigError with all mistakes at once; SKIPSTEP_CONFIG_UNREADABLE when there is no such file; what
 *   `createHost` throws when a plugin's constructor fails
 */
export async function loadConfig<Model extends ConfigModel>(
  input: string | ConfigInput,
  options: LoadOptions<Model>,
): Promise<LoadedConfig & { readonly model: Model | undefined }> {
  checkDepth(input, "config");
  const { classes, value } =
    typeof input === "string" ? { classes: new Map<string, PluginClass>(), value: undefined } : plainInput(input);
  const file = typeof input === "string" ? path.resolve(input) : undefined;
  const reading = await (value ? readObject(value, options.folder ?? process.cwd()) : readConfig(file!));
  if (reading.layers.length === 0) throw configInvalid(locate(reading.findings, [], {}));

  const config = copyJson(mergeLayers(reading.layers)) as JsonObject;
  delete config.extends;
  const findings: Finding[] = [...reading.findings];
  const layers: Layer[] = [...reading.layers, ...override(config, options.overrides ?? [], findings)];
  checkDepth(config, "--set");
  const folderOf = (at: JsonPath): string => ownerOf(layers, config, at).folder;

  const found = await checkPlugins(config.plugins, { folderOf, classes, isLoading: options.plugins ?? true });
  const { catalogue, problems } = catalogued(found.plugins, options);
  const unstanding = problems.length > 0; // what they bring is not in the catalogue, and would be told to be unknown
  const known = checkCore(config, catalogue.settingsSchema, reading.findings.length > 0);
  findings.push(...(unstanding ? known.filter(({ path: [key] }) => key !== "generate") : known));
  findings.push(...found.findings, ...problems);
  makeAbsolute(config, folderOf, classes);
  findings.push(...placeLoras(config, folderOf));
  const canCheck =
    isObject(config.generate) &&
    !findings.some(({ path: [key, ...rest] }) => key === "limits" || (key === "generate" && rest.length > 0));
  const against = unstanding
    ? { findings: [] }
    : familiesMissing(await checkAgainstModel(config, found.plugins, catalogue, canCheck), found, options);
  findings.push(...against.findings);
  if (findings.length > 0) throw configInvalid(locate(findings, layers, config));

  const entries = config.plugins as PluginConfig[];
  const plugins = found.plugins.map(({ index, ...plugin }, i) => ({
    ...plugin,
    ...partOf(entries[i]!),
    options: deepFreeze(plugin.options),
  }));
  const filled = plugins.map(({ options }, i) => ({ use: entries[i]!.use, options, ...partOf(entries[i]!) }));
  const checked = { ...config, plugins: options.plugins === false ? entries : filled };
  delete (checked as JsonObject).$schema;
  const { model } = against;
  const host = createHost(plugins, model?.structure);
  const idle = checkBuildHooks(host, model?.pipeline);
  if (idle.length > 0) throw configInvalid(locate(idle, layers, config));
  return {
    config: deepFreeze(checked as unknown as Config),
    plugins: host,
    code: found.code,
    model,
    ...(file === undefined ? {} : { file }),
  };
}

/** Walks over a config's values recurse. */
function checkDepth(value: unknown, name: string): void {
  if (!isDeeper(value, usualLimits.depth)) return;
  const message = `${name} is nested more than ${usualLimits.depth} deep.`;
  throw configInvalid([{ code: "SKIPSTEP_CONFIG_INVALID", pointer: "", message }]);
}

/** Of a plugin's entry, as it is written. */
function partOf({ components }: PluginConfig): Pick<PluginConfig, "components"> {
  return components ? { components } : {};
}

/** Puts the overrides in, one over the other. @returns their layers */
function override(config: JsonObject, overrides: readonly (string | Override)[], findings: Finding[]): Layer[] {
  const layers: Layer[] = [];
  for (const given of overrides) {
    const parsed = typeof given === "string" ? parseOverride(given) : given;
    const layer = parsed && overrideLayer(config, parsed);
    const problem = parsed ? applyOverride(config, parsed) : invalid([], "must look like generate.seed=7.");
    if (problem) findings.push({ ...problem, where: { name: nameOf(given) } });
    else layers.push(layer!);
    Object.assign(config, expandPlugins(config));
  }
  return layers;
}

function nameOf(given: string | Override): string {
  return typeof given === "string" ? `--set ${given}` : (given.name ?? `--set ${given.path.join(".")}`);
}

/** @param incomplete whether a file is missing, so that what it may have said cannot be asked for */
function checkCore(config: JsonObject, settingsSchema: JsonSchema, incomplete: boolean): Finding[] {
  const findings = validate(coreSchema(settingsSchema), config, [], true);
  return incomplete
    ? findings.filter(({ path: at, text }) => at.length > 0 || !text.startsWith(' needs "model"'))
    : findings;
}

/** Paths stay right wherever the config is used later. */
function makeAbsolute(
  config: JsonObject,
  folderOf: (at: JsonPath) => string,
  classes: ReadonlyMap<string, PluginClass>,
): void {
  const absolute = (text: string, at: JsonPath): string => (isHubName(text) ? text : path.resolve(folderOf(at), text));
  if (typeof config.model === "string") config.model = absolute(config.model, ["model"]);
  if (isObject(config.components))
    config.components = Object.fromEntries(
      Object.entries(config.components).map(([name, text]) => [
        name,
        typeof text === "string" && text !== "" ? absolute(text, ["components", name]) : text,
      ]),
    );
  const image = valueAt(config, ["generate", "image"]);
  if (image !== undefined)
    config.generate = { ...(config.generate as object), image: absoluteImage(image, folderOf(["generate", "image"])) };
  for (const [i, entry] of (Array.isArray(config.plugins) ? config.plugins : []).entries()) {
    const use = valueAt(entry, ["use"]);
    if (typeof use === "string" && !classes.has(use) && isPath(use))
      entry.use = absoluteUse(use, folderOf(["plugins", i, "use"]));
  }
}

/** Of one file or several; what is neither is left for the schema to tell. */
function absoluteImage(image: unknown, folder: string): unknown {
  if (Array.isArray(image)) return image.map((entry) => absoluteImage(entry, folder));
  return typeof image === "string" && image !== "" ? path.resolve(folder, image) : image;
}

/** An address of no file stays as it is: it was told of when the plugin was looked for. */
function absoluteUse(use: string, folder: string): string {
  try {
    return pathOf(use, folder);
  } catch {
    return use;
  }
}

interface AgainstModel<Model> {
  /** As far as it could be recognised. */
  readonly model?: Model;
  readonly findings: readonly Finding[];
}

/** A family that is unknown while a plugin is missing: it may be that plugin's. */
function familiesMissing<Model>(
  against: AgainstModel<Model>,
  { findings, code }: CheckedPlugins,
  { plugins: isLoading = true }: Pick<LoadOptions, "plugins">,
): AgainstModel<Model> {
  const isUnknown = ({ code }: Finding): boolean => code === "SKIPSTEP_PIPELINE_UNKNOWN";
  if (findings.length > 0) return { ...against, findings: against.findings.filter((finding) => !isUnknown(finding)) };
  if (isLoading || code.length === 0) return against;
  const told = (finding: Finding): Finding =>
    isUnknown(finding) ? { ...finding, text: `${finding.text} No code of the config's plugins was loaded.` } : finding;
  return { ...against, findings: against.findings.map(told) };
}

/** What plugins bring that cannot stand together leaves what is known without them. */
function catalogued<Model extends ConfigModel>(
  plugins: readonly PlacedPlugin[],
  { catalogueOf }: LoadOptions<Model>,
): { readonly catalogue: ConfigCatalogue<Model>; readonly problems: readonly Finding[] } {
  try {
    return { catalogue: catalogueOf(plugins), problems: [] };
  } catch (error) {
    return { catalogue: catalogueOf([]), problems: [toldAt(["plugins"], error)] };
  }
}

/** @param canCheck whether the values in `generate` are of the right types */
async function checkAgainstModel<Model extends ConfigModel>(
  config: JsonObject,
  plugins: readonly PlacedPlugin[],
  catalogue: ConfigCatalogue<Model>,
  canCheck: boolean,
): Promise<AgainstModel<Model>> {
  const { schedulerSchemas, familiesWith } = catalogue;
  const choice = choiceOf(config);
  try {
    const model = choice && (await catalogue.recognise?.(choice));
    const own = checkScheduler(config.scheduler, schedulerSchemas, model?.ownScheduler);
    if (!model) return { findings: own };
    const features = checkFeatures(plugins, model.structure, familiesWith);
    const settings = canCheck ? model.settingProblems(config.generate as GenerateConfig, config as LimitChoice) : [];
    const findings = [
      ...own,
      ...(own.length === 0 ? misfits(model, config.scheduler) : []),
      ...features,
      ...checkComponents(config.plugins, model.pipeline),
      ...checkDeviceMap(config.device_map, model.pipeline),
      ...settings.map(({ key, text }) => invalid(["generate", key], `${text}.`)),
    ];
    return { model, findings };
  } catch (error) {
    const told = toldAt(["model"], error);
    return { findings: [told, ...checkScheduler(config.scheduler, schedulerSchemas, undefined)] };
  }
}

/** @throws the error where it is none of ours */
function toldAt(at: JsonPath, error: unknown): Finding {
  if (!(error instanceof SkipstepError)) throw error;
  return findingOf(error.at ?? at, error);
}

/** What a config says of its checkpoint, where all of it is of the right types. */
function choiceOf({ model, variant, components }: JsonObject): ModelChoice | undefined {
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  if (!isText(model) || (variant !== undefined && !isText(variant))) return undefined;
  if (components !== undefined && !(isObject(components) && Object.values(components).every(isText))) return undefined;
  return {
    model,
    ...(variant === undefined ? {} : { variant }),
    ...(components === undefined ? {} : { components: components as Readonly<Record<string, string>> }),
  };
}

/** A scheduler, the config's or the checkpoint's, that the checkpoint cannot be run with. */
function misfits(model: ConfigModel, scheduler: unknown): Finding[] {
  if (scheduler !== undefined && !isSchedulerConfig(scheduler)) return []; // told by core's schema
  try {
    model.checkFit(scheduler);
    return [];
  } catch (error) {
    return [toldAt([scheduler === undefined ? "model" : "scheduler"], error)];
  }
}

function isSchedulerConfig(value: unknown): value is SchedulerConfig {
  return isObject(value) && (value.type === undefined || typeof value.type === "string");
}
