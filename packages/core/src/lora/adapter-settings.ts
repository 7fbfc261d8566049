import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readObject } from "../checkpoint/read-object";
import { readMetadata } from "../checkpoint/safetensors-metadata";
import { isObject, type JsonObject } from "../config/json";
import { loraInvalid, loraKind } from "../errors/lora";
import type { LoraModel } from "./lora";

/** PEFT's settings of an adapter, of which those count that say how strong it is. */
export interface AdapterSettings {
  /** `alpha / rank` of a module, where the settings say it. */
  factor(model: LoraModel, module: string, rank: number): number | undefined;
}

/** Settings that diffusers keeps in a LoRA's header, or PEFT in the file beside it. @throws SKIPSTEP_LORA_INVALID */
export function readAdapterSettings(file: string): AdapterSettings {
  const settings = settingsOf(file);
  return { factor: (model, module, rank) => factorOf(ofModel(settings, model), module, rank) };
}

function settingsOf(file: string): JsonObject {
  const beside = join(dirname(file), "adapter_config.json");
  const isPeft = basename(file) === "adapter_model.safetensors" && existsSync(beside);
  const settings = isPeft ? readObject(beside) : parse(file, readMetadata(file).lora_adapter_metadata);
  const isDora = Object.entries(settings).some(([key, value]) => /(^|\.)use_dora$/.test(key) && value === true);
  if (isDora) throw loraKind(file, "use_dora", "a DoRA");
  return settings;
}

function parse(file: string, text: unknown): JsonObject {
  if (typeof text !== "string") return {};
  try {
    const settings: unknown = JSON.parse(text);
    if (isObject(settings)) return settings;
  } catch {
    // told below
  }
  throw loraInvalid(file, "has a lora_adapter_metadata that is no JSON object");
}

/** In a header, the component stands before each key: `transformer.lora_alpha`. */
function ofModel(settings: JsonObject, model: LoraModel): JsonObject {
  const names = model === "denoiser" ? ["transformer", "unet"] : [model];
  const prefix = names
    .map((name) => `${name}.`)
    .find((text) => Object.keys(settings).some((key) => key.startsWith(text)));
  if (prefix === undefined) return settings;
  const own = Object.entries(settings).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

function factorOf(settings: JsonObject, module: string, rank: number): number | undefined {
  const alpha = patternValue(settings.alpha_pattern, module) ?? settings.lora_alpha;
  if (typeof alpha !== "number") return undefined;
  return alpha / (settings.use_rslora === true ? Math.sqrt(rank) : rank);
}

/** The first pattern that is the module's name, or its end. */
function patternValue(patterns: unknown, module: string): unknown {
  if (!isObject(patterns)) return undefined;
  const isIt = (name: string): boolean => module === name || module.endsWith(`.${name}`);
  return Object.entries(patterns).find(([name]) => isIt(name))?.[1];
}
