import { isObject, type JsonObject } from "../../../schema/json";
import { objectIn } from "../../../schema/parse-json";
import type { StoredModule } from "./stored-module";

/** What ComfyUI says of one module. */
export interface ComfyConfig {
  /** `float8_e4m3fn`, `nvfp4`, `int8_tensorwise`; missing for files of others. */
  readonly format?: string;
  /** Rows and columns that share a scale, where they are told. */
  readonly group?: readonly [rows: number, columns: number];
  /** Size of the rotated groups of inputs, where the weight is rotated (ConvRot). */
  readonly rotation?: number;
}

/** Read once a module: several readers ask. */
const configs = new WeakMap<StoredModule, ComfyConfig>();

/** A module's `comfy_quant`, JSON as bytes, or its line in the header's `_quantization_metadata`. */
export function comfyConfig(module: StoredModule): ComfyConfig {
  const config = configs.get(module) ?? read(module);
  configs.set(module, config);
  return config;
}

function read(module: StoredModule): ComfyConfig {
  const words = ownWords(module) ?? headerWords(module) ?? {};
  const all = { ...(isObject(words.params) ? words.params : {}), ...words };
  const { format, group_size: group, convrot, convrot_groupsize: rotation = 256 } = all;
  const isRotated = convrot === true || (typeof format === "string" && format.startsWith("convrot"));
  const isBlocks = typeof format === "string" && format.endsWith("blockwise");
  return {
    ...(typeof format === "string" ? { format } : {}),
    ...(typeof group === "number" && isBlocks ? { group: [group, group] } : {}),
    ...(isRotated ? { rotation: Number(rotation) } : {}),
  };
}

function ownWords(module: StoredModule): JsonObject | undefined {
  if (!module.has("comfy_quant")) return undefined;
  const { shape } = module.entry("comfy_quant");
  const text = Buffer.from(module.bytes("comfy_quant", 0, shape[0] ?? 1)).toString("utf8");
  const words = objectIn(text);
  if (!words) throw module.broken("comfy_quant", "is no JSON object");
  return words;
}

function headerWords({ name, file }: StoredModule): JsonObject | undefined {
  const words = layersOf(file.metadata)[name];
  return isObject(words) ? words : undefined;
}

/** Read once a file: there are as many layers as modules that ask. */
const known = new WeakMap<object, JsonObject>();

function layersOf(metadata: Readonly<Record<string, unknown>>): JsonObject {
  const found = known.get(metadata);
  if (found) return found;
  const text = metadata._quantization_metadata;
  const { layers } = (typeof text === "string" ? objectIn(text) : undefined) ?? {};
  const read = isObject(layers) ? layers : {};
  known.set(metadata, read);
  return read;
}
