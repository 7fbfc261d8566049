import { extname } from "node:path";
import { SkipstepError } from "../../errors/error";
import { hookFailed } from "../../errors/plugins";
import type { JsonObject } from "../../schema/json";
import type { OpenWeights, TensorEntry } from "../checkpoint/weight-source";
import type { ReadOptions, StoredWeights, WeightFormat } from "./weight-format";

type Formats = readonly WeightFormat[];

/** Values of `quant_method` whose weights core reads itself, by the tensors. */
const ownMethods = /^(fp8|fbgemm_fp8|bfl|sdnq|quanto|torchao|compressed-tensors)$/;

/** The plugins that read what core does not, by ends of files' names, `quant_method` and tensors. */
const plugins: readonly { readonly plugin: string; readonly end?: string; method?: RegExp; tensor?: RegExp }[] = [
  { plugin: "@skipstep/plugin-gguf", end: ".gguf" },
  { plugin: "@skipstep/plugin-bnb", method: /^bitsandbytes/, tensor: /\.(absmax|quant_map|SCB)$/ },
  { plugin: "@skipstep/plugin-svdquant", method: /^(nunchaku|svdq)/, tensor: /\.wscales$/ },
];

/** What a config's plugins read, in its order. */
export function formatsOf(
  plugins: readonly { readonly manifest: { readonly weightFormats?: Formats } }[],
): Pick<ReadOptions, "formats"> {
  const formats = plugins.flatMap(({ manifest }) => manifest.weightFormats ?? []);
  return formats.length === 0 ? {} : { formats };
}

/** The package that reads files with names of that end. */
export function pluginForFile(path: string): string | undefined {
  const end = extname(path).toLowerCase();
  return plugins.find((known) => known.end === end)?.plugin;
}

export function pluginForMethod(quantMethod: string): string | undefined {
  return plugins.find(({ method }) => method?.test(quantMethod))?.plugin;
}

/** The first tensor of a form that a plugin reads, and that plugin. */
export function pluginForTensors(
  names: readonly string[],
): { readonly tensor: string; readonly plugin: string } | undefined {
  for (const { plugin, tensor: pattern } of plugins) {
    const tensor = names.find((name) => pattern?.test(name));
    if (tensor !== undefined) return { tensor, plugin };
  }
  return undefined;
}

/** Whether a config's `quantization_config` is one that core follows without a plugin. */
export function isOwnMethod(quantMethod: string): boolean {
  return ownMethods.test(quantMethod);
}

/** The format of files with names of that end. */
export function formatOfFile(path: string, formats: Formats = []): WeightFormat | undefined {
  const end = extname(path).toLowerCase();
  return formats.find(({ extensions = [] }) => extensions.includes(end));
}

/** The format that safetensors are in. */
export function formatOfTensors(entries: readonly TensorEntry[], formats: Formats = []): WeightFormat | undefined {
  return formats.find(({ matches }) => matches?.(entries));
}

/** The format that a config.json's `quantization_config` names. */
export function formatOfMethod(quantMethod: string, formats: Formats = []): WeightFormat | undefined {
  return formats.find(({ quantMethods = [] }) => quantMethods.includes(quantMethod));
}

/** `bitsandbytes`; a config that says `load_in_4bit` or `load_in_8bit` alone means it too. */
export function quantMethodOf(quantization: JsonObject): string {
  if (typeof quantization.quant_method === "string") return quantization.quant_method;
  return quantization.load_in_4bit === true || quantization.load_in_8bit === true ? "bitsandbytes" : "unknown";
}

/** Opens weights with a plugin's reader. @param tensors closed when it fails */
export function openAs(
  format: WeightFormat,
  path: string,
  tensors: OpenWeights | undefined,
  quantization: Readonly<JsonObject> = {},
): OpenWeights {
  const stored: StoredWeights = {
    path,
    ...(tensors ? { tensors } : {}),
    quantization,
    metadata: () => tensors?.metadata ?? {},
  };
  try {
    return format.open(stored);
  } catch (error) {
    tensors?.close();
    throw error instanceof SkipstepError ? error : hookFailed(format.name, `reading ${path}`, error);
  }
}
