import { shown } from "../../../../errors/shown";
import { isObject, type JsonObject } from "../../../../schema/json";
import type { StoredModule } from "../stored-module";
import { elementType } from "./element-type";

/** What a config says of one weight. */
export interface SdnqSettings {
  /** Missing where no config is there. */
  readonly weightsDtype?: string;
  readonly useCodebook: boolean;
  /** Size of rotated groups at most; missing where nothing is rotated. */
  readonly hadamardGroup?: number;
  /** Low-rank parts lie turned, and 8-bit weights in one group. */
  readonly isTurned: boolean;
}

/** Reads SDNQ's `quantization_config`, with what it says of single modules. */
export function sdnqSettings(module: StoredModule): SdnqSettings {
  const { quantization } = module.file;
  if (quantization.quant_method !== "sdnq" && quantization.weights_dtype === undefined)
    return { useCodebook: false, isTurned: false };
  const name = `${module.name}.weight`;
  const words = { ...quantization, ...ownWords(name, quantization.modules_quant_config) };
  const dtype = typeof words.weights_dtype === "string" ? words.weights_dtype : "int8";
  const isExcepted = namesIn(quantization.modules_to_not_use_matmul).some((pattern) => matches(name, pattern));
  return {
    weightsDtype: atLeast(dtype, name, quantization.modules_dtype_dict),
    useCodebook: words.use_codebook === true,
    ...(words.use_hadamard === true ? { hadamardGroup: groupSize(module, words) } : {}),
    isTurned: words.use_quantized_matmul === true && !isExcepted,
  };
}

function groupSize(module: StoredModule, { hadamard_group_size: size }: JsonObject): number {
  const group = size ?? 256;
  if (typeof group !== "number" || !Number.isInteger(group) || group < 1)
    throw module.broken(
      "weight",
      `is rotated, and "hadamard_group_size" must be an integer >= 1, found ${shown(group)}`,
    );
  return group;
}

function ownWords(name: string, modules: unknown): JsonObject {
  if (!isObject(modules)) return {};
  const key = Object.keys(modules).find((pattern) => matches(name, pattern));
  const words = key === undefined ? undefined : modules[key];
  return isObject(words) ? words : {};
}

/** `modules_dtype_dict`: lists of names by type, or by the least number of bits (`minimum_6bit`). */
function atLeast(dtype: string, name: string, lists: unknown): string {
  if (!isObject(lists)) return dtype;
  for (const [key, names] of Object.entries(lists)) {
    if (!namesIn(names).some((pattern) => matches(name, pattern))) continue;
    const word = key.toLowerCase();
    const [, sign, bits] = (/^minimum|bits?$/.test(word) ? /(u?)(?:int)?(\d+)/.exec(word) : undefined) ?? [];
    if (bits === undefined) return word;
    const least = Number(bits);
    if ((elementType(dtype)?.bits ?? least) < least) return sign === "u" || least <= 4 ? `uint${bits}` : `int${bits}`;
  }
  return dtype;
}

function namesIn(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((name) => typeof name === "string") : [];
}

/** SDNQ's rule: the name, a part of it between dots, a beginning (`.layers`), or `*` for anything. */
function matches(name: string, pattern: string): boolean {
  if (pattern.startsWith(".")) return name.startsWith(pattern.slice(1));
  if (name === pattern || name.split(".").includes(pattern)) return true;
  if (!pattern.includes("*")) return false;
  const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${escaped}`).test(name);
}
