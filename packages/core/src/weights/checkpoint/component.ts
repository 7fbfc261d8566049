import { existsSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../../disk/on-disk";
import { componentConfigMissing, weightsNotHere } from "../../errors/checkpoint";
import { quantizationUnread } from "../../errors/single-file";
import { isObject, type JsonObject } from "../../schema/json";
import { formatOfMethod, isOwnMethod, pluginForMethod, quantMethodOf } from "../formats/find-format";
import { openStored } from "../formats/open-stored";
import type { ReadOptions, WeightFormat } from "../formats/weight-format";
import { partOf, shapesOf, weightsOf } from "../single-file/file-part";
import type { TrainedNoise } from "../single-file/trained-noise";
import type { Note } from "./note";
import { readObject } from "./read-object";
import { candidates } from "./weight-files";
import type { OpenWeights, TensorEntry } from "./weight-source";
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
  /** What reads its weights, where that is a plugin and known by now: `gguf`. */
  readonly format?: string;
  /**
   * Its config.json, scheduler_config.json, ..., without a `quantization_config`; empty for a tokenizer or processor
   * that has none.
   */
  readonly config: Readonly<JsonObject>;
  /** Tensors that its files are known to have and its model has no use for. */
  readonly withoutEffect?: RegExp;
  /** What its file says of the noise that it was trained on. */
  readonly trainedOn?: TrainedNoise;
  /** What was found out while it was read. */
  readonly notes?: readonly Note[];
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
 * @param options the plain weights are read where there are none of the variant
 * @param isRead false for a component of which nothing but the config counts
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_CHECKPOINT_INVALID, SKIPSTEP_FILE_FORMAT for weights that a plugin reads
 *   which the config does not have
 */
export function openComponent(part: ComponentPart, options: ReadOptions, isRead = true): Component {
  const { name, library, className, folder, hub } = part;
  const { path, config: read } = readConfig(part);
  const { quantization_config: quantization = besideConfig(folder), ...config } = read;
  const packing = isRead && isObject(quantization) ? packingOf(path, quantization, options) : undefined;
  return {
    name,
    library,
    className,
    source: { path: folder, ...(hub === undefined ? {} : { hub }), config: path },
    ...(packing?.format ? { format: packing.format.name } : {}),
    config,
    weights: () => openWeights(part, options, packing),
  };
}

/** How a config says that its weights are packed. */
interface Packing {
  /** Missing where core reads them. */
  readonly format?: WeightFormat | undefined;
  readonly quantization: JsonObject;
}

function packingOf(path: string, quantization: JsonObject, { formats }: ReadOptions): Packing {
  const method = quantMethodOf(quantization);
  const format = formatOfMethod(method, formats);
  if (!format && !isOwnMethod(method)) throw quantizationUnread(path, method, pluginForMethod(method));
  return { format, quantization };
}

/** SDNQ writes what it did into a file of its own as well. */
function besideConfig(folder: string): JsonObject | undefined {
  const path = join(folder, "quantization_config.json");
  return existsSync(path) ? readObject(path) : undefined;
}

function kindOf(className: string): ConfigKind {
  return configKinds.find(({ classes }) => classes.test(className))!;
}

function readConfig({ name, className, folder }: ComponentPart): { path: string; config: JsonObject } {
  const { file, required } = kindOf(className);
  const path = join(folder, file);
  if (existsSync(path)) return { path, config: readObject(path) };
  if (required) throw componentConfigMissing(name, path, namesIn(folder));
  return { path: folder, config: {} };
}

/** Under the names that the component's class asks for, whatever they are in the files. */
function openWeights(
  { name, className, folder, hub }: ComponentPart,
  { variant, formats, known }: ReadOptions,
  packing: Packing | undefined,
): OpenWeights {
  const has = (middle: string | undefined): boolean =>
    candidates(middle).some((file) => existsSync(join(folder, file)));
  const own = variant !== undefined && has(variant) ? variant : undefined;
  if (hub !== undefined && !has(own)) throw weightsNotHere(hub);
  const stored = Weights.open(folder, { variant: own });
  const weights = openStored(folder, stored, { formats, ...packing });
  const part = partOf(known, shapesOf(entriesOf(weights)), className, name);
  return part ? weightsOf(weights, part) : weights;
}

function entriesOf(weights: OpenWeights): TensorEntry[] {
  return weights.names.map((tensor) => weights.entry(tensor));
}
