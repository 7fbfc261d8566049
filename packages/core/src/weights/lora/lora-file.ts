import { join } from "node:path";
import { isFolder, namesIn, statsOf } from "../../disk/on-disk";
import { loraMissing } from "../../errors/lora";
import { list } from "../../errors/nearest";

/** How diffusers and PEFT name the file in a folder. */
const usual = ["pytorch_lora_weights.safetensors", "adapter_model.safetensors"];

/** The file that a LoRA lies in. @throws SKIPSTEP_LORA_MISSING */
export function findLoraFile(path: string): string {
  if (!statsOf(path)) throw loraMissing(path, "there is no such file or folder");
  if (!isFolder(path)) {
    if (path.endsWith(".safetensors")) return path;
    throw loraMissing(path, "it is no safetensors file");
  }
  const names = namesIn(path);
  const files = names.filter((name) => name.endsWith(".safetensors"));
  const found = usual.find((name) => files.includes(name)) ?? (files.length === 1 ? files[0]! : undefined);
  if (found !== undefined) return join(path, found);
  const what = files.length === 0 ? "the folder has no safetensors file; it has" : "the folder has several files";
  throw loraMissing(path, `${what}: ${list(files.length === 0 ? names : files)}`);
}
