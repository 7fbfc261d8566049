import { loraMissing } from "../../errors/lora";
import { findSafetensors } from "../checkpoint/find-safetensors";

/** How diffusers and PEFT name the file in a folder. */
const usual = ["pytorch_lora_weights.safetensors", "adapter_model.safetensors"];

/** The file that a LoRA lies in. @throws SKIPSTEP_LORA_MISSING */
export function findLoraFile(path: string): string {
  return findSafetensors(path, usual, (what) => loraMissing(path, what));
}
