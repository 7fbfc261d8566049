import type { LoraKey, LoraModel } from "./lora";
import { roleOf } from "./lora-role";

const prefixes: readonly (readonly [RegExp, LoraModel])[] = [
  [/^text_encoder_2\./, "text_encoder_2"],
  [/^text_encoder_3\./, "text_encoder_3"],
  [/^text_encoder\./, "text_encoder"],
  [/^(unet|transformer|(model\.)?diffusion_model)\./, "denoiser"],
  [/^/, "denoiser"], // saved by the model itself, without its pipeline
];

/** Names as diffusers and PEFT give them: `transformer.layers.0.attention.to_q.lora_A.weight`. */
export function parsePeftKey(key: string): LoraKey | undefined {
  const found = roleOf(key.replace(/^base_model\.model\./, ""));
  if (!found) return undefined;
  const [prefix, model] = prefixes.find(([pattern]) => pattern.test(found.module))!;
  return { model, module: moduleOf(found.module.replace(prefix, ""), model), role: found.role };
}

/** diffusers once kept the updates of attentions apart, under names of its own. */
function moduleOf(module: string, model: LoraModel): string {
  if (model === "denoiser")
    return module.replace(/\.processor\.(to_out$)?/, (_, out?: string) => (out === undefined ? "." : ".to_out.0"));
  return module.replace(/self_attn\.to_(q|k|v|out)$/, "self_attn.$1_proj");
}
