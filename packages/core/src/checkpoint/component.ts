import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../config/json";
import { componentConfigMissing, weightsNotHere } from "../errors/checkpoint";
import { partOf, shapesOf, weightsOf } from "../single-file/file-part";
import { readObject } from "./read-object";
import { candidates } from "./weight-files";
import type { OpenWeights } from "./weight-source";
import { Weights } from "./weights";

/** One part of a pipeline, as `model_index.json` names it. */
export interface Component {
  /** `text_encoder` */
  readonly name: string;
  /** `transformers` */
  readonly library: string;
  /** `Qwen3ForCausalLM` */
  readonly className: string;
  readonly source: ComponentSource;
  /** Its config.json, scheduler_config.json, ...; empty for a tokenizer or processor that has none. */
  readonly config: Readonly<JsonObject>;
  /** Opens its weights, which the caller closes. Throws what `Weights.open` throws. */
  weights(): OpenWeights;
}

/** Where a component comes from. */
export interface ComponentSource {
  /** Its folder, or the file that holds it. */
  readonly path: string;
  /** `hf:owner/name@revision`, when it was brought from the hub. */
  readonly hub?: string;
  /** Path of its config; `built in` for one that is known by the weights. */
  readonly config: string;
}

/** What a component is before its files are read. */
export interface ComponentPart extends Pick<Component, "name" | "library" | "className"> {
  readonly folder: string;
  readonly hub?: string | undefined;
}

interface ConfigKind {
  /** What the class's name looks like; the first that fits counts. */
  readonly classes: RegExp;
  readonly file: string;
  readonly required: boolean;
}

const configKinds: readonly ConfigKind[] = [
  { classes: /Scheduler$/, file: "scheduler_config.json", required: true },
  { classes: /Tokenizer/, file: "tokenizer_config.json", required: false },
  { classes: /(Processor|Extractor)(Fast)?$/, file: "preprocessor_config.json", required: false },
  { classes: /^/, file: "config.json", required: true },
];

/** Name of the file that a class's config lies in. */
export function configFileOf(className: string): string {
  return kindOf(className).file;
}

/**
 * Reads a component's config.
 *
 * @param variant of the weights; the plain ones where there are none of it
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_CHECKPOINT_INVALID
 */
export function openComponent(part: ComponentPart, variant: string | undefined): Component {
  const { name, library, className, folder, hub } = part;
  const { path, config } = readConfig(part);
  return {
    name,
    library,
    className,
    source: { path: folder, ...(hub === undefined ? {} : { hub }), config: path },
    config,
    weights: () => openWeights(part, variant),
  };
}

function kindOf(className: string): ConfigKind {
  return configKinds.find(({ classes }) => classes.test(className))!;
}

function readConfig({ name, className, folder }: ComponentPart): { path: string; config: JsonObject } {
  const { file, required } = kindOf(className);
  const path = join(folder, file);
  if (existsSync(path)) return { path, config: readObject(path) };
  if (required) throw componentConfigMissing(name, path, readdirSync(folder));
  return { path: folder, config: {} };
}

/** Under the names that the component's class asks for, whatever they are in the files. */
function openWeights({ name, className, folder, hub }: ComponentPart, variant: string | undefined): OpenWeights {
  const has = (middle: string | undefined): boolean =>
    candidates(middle).some((file) => existsSync(join(folder, file)));
  const own = variant !== undefined && has(variant) ? variant : undefined;
  if (hub !== undefined && !has(own)) throw weightsNotHere(hub);
  const weights = Weights.open(folder, { variant: own });
  const shapes = shapesOf(weights.names.map((tensor) => weights.entry(tensor)));
  const part = partOf(shapes, className, name);
  return part ? weightsOf(weights, part) : weights;
}
