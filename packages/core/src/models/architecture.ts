import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { modelOptions } from "../errors/models";
import { didYouMean } from "../errors/nearest";
import type { Graph } from "../graph/graph";
import type { Structure } from "../plugins/manifest";

/** Emits one function of a model: declares its inputs, emits its nodes, declares its outputs. */
export type Emit<Config> = { emit(g: Graph, config: Config): void }["emit"]; // a method, so that lists of architectures may forget Config

/** One class of models: how its config.json is read, and how its graphs are built. */
export interface Architecture<Config = unknown> {
  /** As in `model_index.json`: `AutoencoderKL`. */
  readonly className: string;
  /**
   * Checks the component's config.json and fills in the reference's defaults.
   * @throws SKIPSTEP_MODEL_OPTION names every option that changes the computation and is not supported, and every unknown one
   */
  parse(raw: unknown): Config;
  /** The model's functions by name: `encode`, `decode`. */
  readonly entries: Readonly<Record<string, Emit<Config>>>;
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

/**
 * Makes a parser of config.json. Keys that begin with `_` are notes of the library that wrote the file.
 * @param withoutEffect options that do not change what is computed; the parsed config does not have them
 */
export function defineConfig<Config extends object>(
  className: string,
  options: ConfigOptions<Config>,
  withoutEffect: readonly string[] = [],
): (raw: unknown) => Config {
  const known = Object.keys(options);
  // Compiled when it is needed first: a model takes 3 ms, and a process runs few of them.
  let validate: ValidateFunction<Config> | undefined;
  return (raw) => {
    validate ??= ajv.compile<Config>({ type: "object", properties: options });
    if (typeof raw !== "object" || raw === null || Array.isArray(raw))
      throw modelOptions(className, [`it must be an object, found ${shown(raw)}`]);
    const long = Object.entries(raw).filter(([, value]) => Array.isArray(value) && value.length > longestList);
    if (long.length > 0)
      throw modelOptions(
        className,
        long.map(([key, { length }]) => `"${key}" must have at most ${longestList} entries, found ${length}`),
      );
    const given = Object.entries(raw).filter(([key]) => !key.startsWith("_") && !withoutEffect.includes(key));
    const unknown = given
      .filter(([key]) => !known.includes(key))
      .map(([key]) => {
        const hint = didYouMean(key, known);
        return hint === "" ? `"${key}" is unknown` : `"${key}" is unknown.${hint}`;
      });
    const config: unknown = structuredClone(Object.fromEntries(given));
    const valid = validate(config);
    if (unknown.length > 0 || !valid)
      throw modelOptions(className, [
        ...unknown,
        ...problems(validate.errors ?? [], config as Record<string, unknown>),
      ]);
    return Object.freeze(config as Config);
  };
}

/** One phrase an option; an error of the whole option stands for those of its parts. */
function problems(errors: readonly ErrorObject[], config: Readonly<Record<string, unknown>>): string[] {
  const byOption = new Map<string, ErrorObject>();
  for (const error of errors) {
    const option = error.instancePath.split("/")[1]!;
    const known = byOption.get(option);
    if (!known || error.instancePath.length < known.instancePath.length) byOption.set(option, error);
  }
  return [...byOption].map(([option, error]) => `"${option}" ${rule(error)}, found ${shown(config[option])}`);
}

function rule({ keyword, params, message, instancePath, schema }: ErrorObject): string {
  const part = instancePath.split("/").slice(2).join("/");
  const where = part === "" ? "" : `(at ${part}) `;
  if (keyword === "enum") return `${where}must be ${(params.allowedValues as unknown[]).map(shown).join(" or ")}`;
  if (keyword === "const") return `${where}must be ${shown(params.allowedValue)}`;
  if (keyword === "contains") return `must contain ${shown((schema as { const?: unknown }).const)}`;
  if (keyword === "additionalProperties") return `has an unknown "${params.additionalProperty}"`;
  return `${where}${message}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
