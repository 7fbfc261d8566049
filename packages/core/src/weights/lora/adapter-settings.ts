import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { loraInvalid } from "../../errors/lora";
import { isObject, type JsonObject } from "../../schema/json";
import { parseJson } from "../../schema/parse-json";
import { readObject } from "../checkpoint/read-object";
import type { LoraModel } from "./lora";
import { type Pattern, readPatterns } from "./module-pattern";
import { checkSettings } from "./settings-known";

/** PEFT's settings of an adapter, of which those count that say what its tensors mean. */
export interface AdapterSettings {
  /**
   * `alpha / rank` of a module, where the settings say it.
   * @param rank that its tensors have; `undefined` where they have none, as a LoKr of whole matrices
   */
  factor(model: LoraModel, module: string, rank: number | undefined): number | undefined;
  /** Whether the module was trained and saved as a whole. */
  isWhole(model: LoraModel, module: string): boolean;
  /** Whether biases were trained, and stand in the file. */
  hasBiases(model: LoraModel): boolean;
  /** Whether a magnitude belongs to each LoRA. */
  isDora(model: LoraModel): boolean;
  /** Settings that were not understood. */
  readonly warnings: readonly string[];
}

interface Parsed {
  readonly rank: number | undefined;
  readonly alpha: number | undefined;
  readonly ranks: readonly Pattern[];
  readonly alphas: readonly Pattern[];
  readonly isRankStabilized: boolean;
  readonly whole: readonly string[];
  readonly hasBiases: boolean;
  readonly isDora: boolean;
}

/**
 * Settings that diffusers keeps in a LoRA's header, or PEFT in the file beside it.
 * @param names of its tensors @param metadata of the header
 * @throws SKIPSTEP_LORA_INVALID, SKIPSTEP_LORA_KIND
 */
export function readAdapterSettings(
  file: string,
  names: readonly string[],
  metadata: Readonly<Record<string, unknown>>,
): AdapterSettings {
  const beside = adapterConfigOf(file);
  const isPeft = existsSync(beside) && isPefts(file, names);
  const from = isPeft ? beside : file;
  const settings = isPeft ? readObject(beside) : parse(file, metadata.lora_adapter_metadata);
  const parsed = new Map<string, Parsed>();
  const warnings: string[] = [];
  for (const [prefix, own] of byComponent(settings)) {
    warnings.push(...checkSettings(from, own, prefix));
    parsed.set(prefix, parsedOf(from, own));
  }
  const of = (model: LoraModel): Parsed | undefined => parsed.get(prefixOf(model, parsed)) ?? parsed.get("");
  return {
    factor: (model, module, rank) => factorOf(from, of(model), module, rank),
    isWhole: (model, module) =>
      of(model)?.whole.some((name) => module === name || module.endsWith(`.${name}`)) ?? false,
    hasBiases: (model) => of(model)?.hasBiases ?? false,
    isDora: (model) => of(model)?.isDora ?? false,
    warnings,
  };
}

/** Where PEFT's settings of a file would lie. */
export function adapterConfigOf(file: string): string {
  return join(dirname(file), "adapter_config.json");
}

/** Whether the settings beside a file are its own: it has PEFT's name, or PEFT's names and no other file to mistake it for. */
function isPefts(file: string, names: readonly string[]): boolean {
  if (basename(file) === "adapter_model.safetensors") return true;
  const files = readdirSync(dirname(file)).filter((name) => name.endsWith(".safetensors"));
  return files.length === 1 && names.some((name) => name.startsWith("base_model.model."));
}

function parse(file: string, text: unknown): JsonObject {
  if (typeof text !== "string") return {};
  try {
    const settings: unknown = parseJson(text);
    if (isObject(settings)) return settings;
  } catch {
    // told below
  }
  throw loraInvalid(file, "has a lora_adapter_metadata that is no JSON object");
}

const components = ["transformer", "unet", "text_encoder", "text_encoder_2", "text_encoder_3"] as const;

/** In a header, the component stands before each key: `transformer.lora_alpha`. */
function byComponent(settings: JsonObject): Map<string, JsonObject> {
  const parts = new Map<string, Record<string, JsonObject[string]>>();
  for (const [key, value] of Object.entries(settings)) {
    const component = components.find((name) => key.startsWith(`${name}.`)) ?? "";
    const own = parts.get(component) ?? {};
    own[component === "" ? key : key.slice(component.length + 1)] = value;
    parts.set(component, own);
  }
  return parts;
}

function prefixOf(model: LoraModel, parsed: ReadonlyMap<string, unknown>): string {
  if (model === "denoiser") return parsed.has("unet") ? "unet" : "transformer";
  const count: Partial<Record<LoraModel, string>> = { te2: "text_encoder_2", te3: "text_encoder_3" };
  return count[model] ?? (model.startsWith("text_encoder") ? model : "text_encoder");
}

function parsedOf(file: string, settings: JsonObject): Parsed {
  const { peft_type, lora_alpha, alpha, r, use_rslora, use_dora, modules_to_save, bias } = settings;
  const number = (value: unknown, key: string): number | undefined => {
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number") return value;
    throw loraInvalid(file, `has a ${key} that is no number`);
  };
  const isLyCoris = peft_type === "LOKR" || peft_type === "LOHA";
  return {
    rank: number(r, "r"),
    alpha: isLyCoris ? number(alpha, "alpha") : number(lora_alpha, "lora_alpha"),
    ranks: readPatterns(file, "rank_pattern", settings.rank_pattern),
    alphas: readPatterns(file, "alpha_pattern", settings.alpha_pattern),
    isRankStabilized: use_rslora === true,
    whole: Array.isArray(modules_to_save) ? modules_to_save.map(String) : [],
    hasBiases: bias === "all" || bias === "lora_only",
    isDora: use_dora === true,
  };
}

function factorOf(
  file: string,
  parsed: Parsed | undefined,
  module: string,
  stored: number | undefined,
): number | undefined {
  if (!parsed) return undefined;
  const alpha = parsed.alphas.find((pattern) => pattern.fits(module))?.value ?? parsed.alpha;
  const said = parsed.ranks.find((pattern) => pattern.fits(module))?.value ?? parsed.rank;
  if (stored !== undefined && said !== undefined && said !== stored)
    throw loraInvalid(file, `says that "${module}" has rank ${said}, and its tensors have rank ${stored}`);
  const rank = stored ?? said;
  if (alpha === undefined || rank === undefined) return undefined;
  return alpha / (parsed.isRankStabilized ? Math.sqrt(rank) : rank);
}
