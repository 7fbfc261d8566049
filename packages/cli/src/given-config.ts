import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ConfigInput, type GenerateConfig, parseJson, readRegularFile } from "@skipstep/core";
import { modelConfigUnreadable, nothingThere, usage } from "./errors";
import { isFolder } from "./is-folder";
import { systemReason } from "./system-reason";

/** What a command was given to draw with: a config's file, or a model, which is a config by itself. */
export interface GivenConfig {
  /** As it was typed. */
  readonly name: string;
  /** For `validateConfig`. */
  readonly input: string | ConfigInput;
  /** Where plugins are found from. */
  readonly folder: string;
}

/** Files of weights by their names, those too that core only knows to refuse. */
const weights = /\.(safetensors|gguf|sft|ckpt|pt|pth|bin)$/i;

/**
 * A model's folder, its single file and its name on the hub are models; all else is the path of a config.
 * @throws SKIPSTEP_CONFIG_UNREADABLE for a path that leads nowhere and is no config's by its name, SKIPSTEP_USAGE for a
 *   folder that is a project's: what its config says is the user's to name
 */
export function givenConfig(text: string): GivenConfig {
  const isHub = text.startsWith("hf:");
  const isThere = isHub ? undefined : isFolder(text);
  const isModelFolder = isThere === true;
  if (!isHub && !isModelFolder && !weights.test(text)) {
    if (isThere === undefined && !/\.jsonc?$/i.test(text)) throw nothingThere(text);
    return { name: text, input: text, folder: dirname(resolve(text)) };
  }
  if (isModelFolder && !isPipeline(text) && existsSync(join(text, modelConfig)))
    throw usage(`${text} is no model. A config lies there: skipstep ... ${join(text, modelConfig)}.`);
  const generate = isModelFolder ? usualSettings(text) : {};
  return { name: text, input: { model: text, generate }, folder: process.cwd() };
}

/** Whether it is a pipeline's folder, and not a component's. */
export function isPipeline(path: string): boolean {
  return existsSync(join(path, "model_index.json"));
}

/** A config that may lie beside a model's files: what its makers draw with. */
const modelConfig = "skipstep.json";

/**
 * Numbers of `generate` in a folder's own config, such as the size that the model was trained on. A folder may be a
 * stranger's: nothing of it that names a file, a plugin or a device counts.
 */
function usualSettings(folder: string): GenerateConfig {
  const file = join(folder, modelConfig);
  if (!existsSync(file)) return {};
  let content: unknown;
  try {
    content = parseJson(readRegularFile(file).toString());
  } catch (error) {
    throw modelConfigUnreadable(file, systemReason(error), error);
  }
  const { generate } = (content ?? {}) as { generate?: unknown };
  const settings = typeof generate === "object" && generate !== null ? Object.entries(generate) : [];
  return Object.fromEntries(settings.filter(([, value]) => typeof value === "number"));
}
