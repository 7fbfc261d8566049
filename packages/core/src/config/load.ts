import path from "node:path";
import { configInvalid } from "../errors/config";
import { pluginIdle } from "../errors/pipeline";
import { isHubName } from "../hub/hub-name";
import type { FoundPlugin, PluginCode } from "../plugins/discover";
import { createHost, type PluginHost } from "../plugins/host";
import { unmetSettings } from "../plugins/needed-settings";
import type { PluginClass } from "../plugins/plugin";
import { isPath, pathOf } from "../plugins/resolve";
import { type Finding, findingOf, invalid, locate } from "../schema/finding";
import { copyJson, deepFreeze, isDeeper, isObject, type JsonObject, type JsonPath, valueAt } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import { expandPlugins, type Layer, mergeLayers, ownerOf } from "../schema/layer";
import { usualLimits } from "../schema/parse-json";
import { validate } from "../schema/validate";
import { pictureSettingNames } from "../settings/common-settings";
import { checkBuildHooks } from "./check-components";
import { repeatedDtypes, withOneDtype } from "./check-dtype";
import { type ConfigCatalogue, type ConfigModel, catalogued, checkAgainstModel, familiesMissing } from "./check-model";
import { checkPlugins } from "./check-plugins";
import { plainInput } from "./class-entries";
import type { Config, ConfigInput, PluginConfig } from "./config";
import { coreSchema } from "./core-schema";
import { applyOverride, type Override, overrideLayer, parseOverride } from "./overrides";
import { placeFiles } from "./place-files";
import { placeQueue } from "./place-queue";
import { placeRequestLoras } from "./place-request-loras";
import { readConfig, readObject } from "./read";

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

  const merged = reading.layers.map((layer) => ({ ...layer, value: withOneDtype(layer.value) }));
  const config = copyJson(mergeLayers(merged)) as JsonObject;
  delete config.extends;
  const findings: Finding[] = [...reading.findings, ...repeatedDtypes(reading.layers)];
  const layers: Layer[] = [...reading.layers, ...override(config, options.overrides ?? [], findings)];
  checkDepth(config, "--set");
  Object.assign(config, withOneDtype(config));
  delete config.torch_dtype;
  const folderOf = (at: JsonPath): string => ownerOf(layers, config, at).folder;

  const { plugins: isLoading = true } = options;
  const found = await checkPlugins(config.plugins, { folderOf, classes, isLoading });
  const { catalogue, problems } = catalogued(found.plugins, options.catalogueOf);
  const unstanding = problems.length > 0; // what they bring is not in the catalogue, and would be told to be unknown
  const known = checkCore(config, catalogue.settingsSchema, reading.findings.length > 0);
  findings.push(...(unstanding ? known.filter(({ path: [key] }) => key !== "generate") : known));
  findings.push(...found.findings, ...problems);
  if (findings.length === 0) findings.push(...unmetSettings(found.plugins, config));
  makeAbsolute(config, folderOf, classes);
  placeQueue(config, folderOf);
  findings.push(...placeFiles(config, folderOf), ...placeRequestLoras(config, folderOf));
  const canCheck =
    isObject(config.generate) &&
    !findings.some(({ path: [key, ...rest] }) => key === "limits" || (key === "generate" && rest.length > 0));
  const against = unstanding
    ? { findings: [] }
    : familiesMissing(await checkAgainstModel(config, found.plugins, catalogue, canCheck), found, isLoading);
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
  const idle = [...checkBuildHooks(host, model?.pipeline), ...(config.strict === true ? idleOptions(host) : [])];
  if (idle.length > 0) throw configInvalid(locate(idle, layers, config));
  return {
    config: deepFreeze(checked as unknown as Config),
    plugins: host,
    code: found.code,
    model,
    ...(file === undefined ? {} : { file }),
  };
}

/** Plugins that change nothing with their options, where that is an error. */
function idleOptions({ plugins }: PluginHost): Finding[] {
  return plugins.flatMap(({ name, manifest, options }, i) =>
    manifest.isIdle?.(options) === true ? [findingOf(["plugins", i, "options"], pluginIdle([name]))] : [],
  );
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
  for (const name of pictureSettingNames) {
    const files = valueAt(config, ["generate", name]);
    if (files !== undefined)
      config.generate = { ...(config.generate as object), [name]: absoluteFiles(files, folderOf(["generate", name])) };
  }
  for (const [i, entry] of (Array.isArray(config.plugins) ? config.plugins : []).entries()) {
    const use = valueAt(entry, ["use"]);
    if (typeof use === "string" && !classes.has(use) && isPath(use))
      entry.use = absoluteUse(use, folderOf(["plugins", i, "use"]));
  }
}

/** Of one file or several; what is neither is left for the schema to tell. */
function absoluteFiles(files: unknown, folder: string): unknown {
  if (Array.isArray(files)) return files.map((entry) => absoluteFiles(entry, folder));
  return typeof files === "string" && files !== "" ? path.resolve(folder, files) : files;
}

/** An address of no file stays as it is: it was told of when the plugin was looked for. */
function absoluteUse(use: string, folder: string): string {
  try {
    return pathOf(use, folder);
  } catch {
    return use;
  }
}
