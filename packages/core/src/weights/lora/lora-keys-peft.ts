import type { LoraKey, LoraModel } from "./lora";
import type { FoundRole } from "./lora-role";

/** diffusers' and PEFT's names, ComfyUI's (https://github.com/comfyanonymous/ComfyUI), OMI's as OneTrainer writes them. */
const prefixes: readonly (readonly [RegExp, LoraModel])[] = [
  [/^text_encoder_2\./, "text_encoder_2"],
  [/^text_encoder_3\./, "text_encoder_3"],
  [/^text_encoder\./, "text_encoder"],
  [/^(text_encoders\.)?clip_[lh]\.(transformer\.)?/, "clip_l"],
  [/^(text_encoders\.)?clip_g\.(transformer\.)?/, "clip_g"],
  [/^(text_encoders\.)?t5(xxl)?\.(transformer\.)?/, "t5"],
  [/^(text_encoders\.)?qwen(25|3)?(_\d+b)?\.(transformer\.)?/, "qwen"],
  [/^text_encoders\.(transformer\.)?/, "any"],
  [/^te([123])\./, "te"],
  [/^(unet|transformer|(model\.)?diffusion_model)\./, "denoiser"],
  [/^/, "denoiser"], // saved by the model itself, without its pipeline
];

/** Names as diffusers and PEFT give them: `transformer.layers.0.attention.to_q.lora_A.weight`. */
export function parsePeftKey({ module: stem, role }: FoundRole): LoraKey {
  const name = stem.replace(/^base_model\.model\./, "").replace(/\.(base_layer|modules_to_save(\.[^.]+)?)$/, "");
  const [prefix, known] = prefixes.find(([pattern]) => pattern.test(name))!;
  const model = known === "te" ? (`te${prefix.exec(name)![1]}` as LoraModel) : known;
  return { model, module: moduleOf(name.replace(prefix, ""), model), role };
}

/** diffusers once kept the updates of attentions apart, under names of its own. XLabs' processors are modules. */
function moduleOf(module: string, model: LoraModel): string {
  if (model === "denoiser")
    return module.replace(/\.processor\.(?!(?:qkv|proj)_lora)(to_out$)?/, (_, out?: string) =>
      out === undefined ? "." : ".to_out.0",
    );
  return module.replace(/self_attn\.to_(q|k|v|out)$/, "self_attn.$1_proj");
}
