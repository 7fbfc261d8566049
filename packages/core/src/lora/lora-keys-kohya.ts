import type { LoraKey, LoraModel } from "./lora";
import { roleOf } from "./lora-role";

const textEncoders: Readonly<Record<string, LoraModel>> = {
  te: "text_encoder",
  te1: "text_encoder",
  te2: "text_encoder_2",
  te3: "text_encoder_3",
};

/**
 * Names as https://github.com/kohya-ss/sd-scripts gives them, underscores in place of dots:
 * `lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight`.
 */
export function parseKohyaKey(key: string): LoraKey | undefined {
  const found = roleOf(key);
  const [, model, module] = /^lora_(unet|transformer|te[123]?)_([^.]+)$/.exec(found?.module ?? "") ?? [];
  if (!found || model === undefined || module === undefined) return undefined;
  return { model: textEncoders[model] ?? "denoiser", module, role: found.role };
}
