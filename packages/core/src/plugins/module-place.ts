import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { enginesFolder } from "../compiler/engine-folder";
import { defaultCacheDir } from "../disk/cache-dir";
import { pluginInData, pluginNoSource } from "../errors/plugins";
import { hubSettings } from "../hub/hub-settings";
import { foldersAbove } from "./package-json";

/** What Node runs; TypeScript by a loader, or by stripping types. */
const sourceEndings = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/** Files by which a folder is known to hold a model, or a part of one. */
const modelFiles = [
  "model_index.json",
  "scheduler_config.json",
  "tokenizer_config.json",
  "preprocessor_config.json",
  "adapter_config.json",
  "pytorch_lora_weights.safetensors",
  "learned_embeds.safetensors",
];

/**
 * Makes sure that a module is somebody's source, and nothing that came with data: people download models, and look into
 * them only after they ran them.
 * @param use what the config says @param file absolute path
 * @param inPackage whether a package names it, which may have weights of its own
 * @throws SKIPSTEP_PLUGIN_REFUSED
 */
export function checkModulePlace(use: string, file: string, inPackage: boolean): void {
  if (!sourceEndings.includes(path.extname(file).toLowerCase())) throw pluginNoSource(use, file, sourceEndings);
  const beside = path.dirname(file);
  const caches = { hub: hubSettings().cacheFolder, engines: enginesFolder(defaultCacheDir()) };
  for (const folder of foldersAbove(beside)) {
    const kind = dataIn(folder, caches);
    if (kind !== undefined) throw pluginInData(use, file, folder, kind);
  }
  if (!inPackage && hasWeights(beside)) throw pluginInData(use, file, beside, "a folder of weights");
}

function dataIn(folder: string, caches: { readonly hub: string; readonly engines: string }): string | undefined {
  if (folder === caches.hub || /^(models|datasets|spaces)--./.test(path.basename(folder)))
    return "a Hugging Face cache";
  const has = (name: string): boolean => existsSync(path.join(folder, name));
  if (folder === caches.engines || (has("engine.json") && has("weights.bin"))) return "a cache of Skipstep";
  return modelFiles.some(has) || (has("config.json") && hasWeights(folder, ".bin", ".pt", ".pth", ".onnx"))
    ? "a model"
    : undefined;
}

/** Whether files lie there that are nothing but weights, or that end as told. */
function hasWeights(folder: string, ...also: string[]): boolean {
  const endings = [".safetensors", ".gguf", ".ckpt", ...also];
  return readdirSync(folder).some((name) => endings.includes(path.extname(name).toLowerCase()));
}
