import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "../config/json";
import { componentConfigMissing } from "../errors/checkpoint";
import { readObject } from "./read-object";
import { Weights } from "./weights";

/** One part of a pipeline, as `model_index.json` names it. */
export interface Component {
  /** `text_encoder` */
  readonly name: string;
  /** `transformers` */
  readonly library: string;
  /** `Qwen3ForCausalLM` */
  readonly className: string;
  readonly folder: string;
  /** Its config.json, scheduler_config.json, ...; empty for a tokenizer or processor that has none. */
  readonly config: Readonly<JsonObject>;
  /** Opens its weights, which the caller closes. Throws what `Weights.open` throws. */
  weights(): Weights;
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

/**
 * Reads a component's config.
 *
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_CHECKPOINT_INVALID
 */
export function openComponent(
  part: Pick<Component, "name" | "library" | "className" | "folder">,
  variant: string | undefined,
): Component {
  return { ...part, config: readConfig(part), weights: () => Weights.open(part.folder, { variant }) };
}

function readConfig({ name, className, folder }: Pick<Component, "name" | "className" | "folder">): JsonObject {
  const { file, required } = configKinds.find(({ classes }) => classes.test(className))!;
  const path = join(folder, file);
  if (!existsSync(path) && !required) return {};
  if (!existsSync(path)) throw componentConfigMissing(name, path, readdirSync(folder));
  return readObject(path);
}
