import type { LoraKey, TextEncoderLabel } from "./lora";
import type { FoundRole } from "./lora-role";

/**
 * Names as https://github.com/kohya-ss/sd-scripts gives them, underscores in place of dots:
 * `lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight`. OneTrainer and musubi-tuner do as well; LyCORIS begins
 * them with its own name.
 */
export function parseKohyaKey({ module: stem, role }: FoundRole): LoraKey | undefined {
  const [, model, module] = /^(?:lora|lycoris)_(unet|transformer|te[123]?)_([^.]+)$/.exec(stem) ?? [];
  if (model !== undefined && module !== undefined)
    return { model: /^te/.test(model) ? (model as TextEncoderLabel) : "denoiser", module, role };
  const wrapped = /^lycoris_([^.]+)$/.exec(stem)?.[1];
  return wrapped === undefined ? undefined : { model: "denoiser", module: wrapped, role };
}
