import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { Structure } from "../architecture/structure";
import { modelOptions } from "../errors/models";
import { didYouMean } from "../errors/nearest";
import { shown } from "../errors/shown";
import type { Graph } from "../graph/graph";
import type { ModelFile } from "../weights/single-file/model-file";

/** Emits one function of a model: declares its inputs, emits its nodes, declares its outputs. */
export type Emit<Config> = { emit(g: Graph, config: Config): void }["emit"]; // a method, so that lists of architectures may forget Config

/** Takes a sentence without the name of the file that it is about. */
export type Warn = (sentence: string) => void;

/** One class of models: how its config.json is read, and how its graphs are built. */
export interface Architecture<Config = unknown> {
  /** As in `model_index.json`: `AutoencoderKL`. */
  readonly className: string;
  /**
   * Checks the component's config.json and fills in the reference's defaults.
   * @param warn told of what the reference's class does not know and leaves out, as it is left out here
   * @throws SKIPSTEP_MODEL_OPTION names every option that changes the computation and is not supported
   */
  parse(raw: unknown, warn?: Warn): Config;
  /** The model's functions by name: `encode`, `decode`. */
  readonly entries: Readonly<Record<string, Emit<Config>>>;
  /** How its tensors are named in files; as it names them itself when left out. */
  readonly file?: ModelFile;
  /** Tensors of such models that no function here computes with. */
  withoutEffect?(config: Config): RegExp;
  /** What plugins may know before anything is loaded; denoisers only. */
  structure?(config: Config): Structure;
}

/** One function of one architecture: what a component of a pipeline runs. */
export interface ArchitectureEntry {
  readonly architecture: Architecture;
  /** A key of the architecture's `entries`. */
  readonly entry: string;
}

/** JSON Schema of one option of a config.json. `default` is the reference's. */
export interface ConfigOption<Value> {
  readonly default: Value;
  readonly [keyword: string]: unknown;
}

/** One schema for each option: none is missing and none is made up. */
export type ConfigOptions<Config> = { readonly [Key in keyof Config]-?: ConfigOption<Config[Key]> };

const ajv = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true, verbose: true });

/** What is wrong with each entry of a list is told at once; no option has nearly as many. */
const longestList = 10_000;

/** Options that the reference's class knows besides those that a model file reads. */
export interface OtherOptions {
  /** They do not change what is computed; the parsed config does not have them. */
  readonly withoutEffect?: readonly string[];
  /** Those that would, with a JSON Schema of the values that do not; the parsed config does not have them. */
  readonly fixed?: Readonly<Record<string, object>>;
}

/**
 * Makes a parser of config.json. Keys that begin with `_` are notes of the library that wrote the file; those that the
 * reference's class does not know are left out, as it leaves them out, with a warning.
 */
export function defineConfig<Config extends object>(
  className: string,
  options: ConfigOptions<Config>,
  { withoutEffect = [], fixed = {} }: OtherOptions = {},
): (raw: unknown, warn?: Warn) => Config {
  const known = [...Object.keys(options), ...Object.keys(fixed)];
  // Compiled when it is needed first: a model takes 3 ms, and a process runs few of them.
  let validate: ValidateFunction | undefined;
  return (raw, warn) => {
    validate ??= ajv.compile({ type: "object", properties: { ...options, ...fixed } });
    if (typeof raw !== "object" || raw === null || Array.isArray(raw))
      throw modelOptions(className, [`it must be an object, found ${shown(raw, 80)}`]);
    const long = Object.entries(raw).filter(([, value]) => Array.isArray(value) && value.length > longestList);
    if (long.length > 0)
      throw modelOptions(
        className,
        long.map(([key, { length }]) => `"${key}" must have at most ${longestList} entries, found ${length}`),
      );
    const given = Object.entries(raw).filter(([key]) => !key.startsWith("_") && !withoutEffect.includes(key));
    const config = structuredClone(Object.fromEntries(given.filter(([key]) => known.includes(key))));
    if (!validate(config)) throw modelOptions(className, problems(validate.errors ?? [], config));
    const strange = given.map(([key]) => key).filter((key) => !known.includes(key));
    for (const key of strange) warn?.(optionIgnored(className, key, didYouMean(key, known)));
    for (const key of Object.keys(fixed)) delete config[key];
    return Object.freeze(config as Config);
  };
}

function optionIgnored(className: string, key: string, hint: string): string {
  return `${className} has no option "${key}"; it is ignored, as the reference ignores it.${hint}`;
}

/** One phrase an option; an error of the whole option stands for those of its parts. */
function problems(errors: readonly ErrorObject[], config: Readonly<Record<string, unknown>>): string[] {
  const byOption = new Map<string, ErrorObject>();
  for (const error of errors) {
    const option = error.instancePath.split("/")[1]!;
    const known = byOption.get(option);
    if (!known || error.instancePath.length < known.instancePath.length) byOption.set(option, error);
  }
  return [...byOption].map(([option, error]) => `"${option}" ${rule(error)}, found ${shown(config[option], 80)}`);
}

function rule({ keyword, params, message, instancePath, schema }: ErrorObject): string {
  const part = instancePath.split("/").slice(2).join("/");
  const where = part === "" ? "" : `(at ${part}) `;
  if (keyword === "enum")
    return `${where}must be ${(params.allowedValues as unknown[]).map((value) => shown(value, 80)).join(" or ")}`;
  if (keyword === "const") return `${where}must be ${shown(params.allowedValue)}`;
  if (keyword === "contains") return `must contain ${shown((schema as { const?: unknown }).const)}`;
  if (keyword === "additionalProperties") return `has an unknown "${params.additionalProperty}"`;
  return `${where}${message}`;
}
