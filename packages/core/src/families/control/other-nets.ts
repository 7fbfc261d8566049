import type { OtherFile } from "../../weights/single-file/known-files";

/** Whose nets are run here, by a tensor that only they have. */
const kinds = {
  "Stable Diffusion": /^(control_model\.)?(controlnet_cond_embedding\.conv_in|input_hint_block\.0)\.weight$/,
  "FLUX.1": /^controlnet_x_embedder\.weight$/,
  "Z-Image": /^control_all_x_embedder\./,
} as const;

/** What is run for no family, though people take it for a net of one. */
const unknown: readonly OtherFile[] = [
  [/^lora_controlnet$/, "a Control-LoRA"],
  [/^(adapter\.)?body\.\d+\./, "a T2I-Adapter"],
  [/^(task_embedding$|transformer_layes\.|control_add_embedding\.)/, "a ControlNet-Union of Stable Diffusion XL"],
  [/^(image_proj|ip_adapter)\./, "an IP-Adapter"],
  [/^pos_embed_input\.weight$/, "a ControlNet of FLUX.1 by XLabs"],
  [/^pos_embed_input\.proj\./, "a ControlNet of Stable Diffusion 3"],
  [/^(transformer_blocks\.0\.img_mod\.|controlnet_blocks\.0\.y_rms\.)/, "a ControlNet of Qwen-Image"],
];

/** Files that are no nets of a family, by what they are. @param own whose nets are looked for */
export function otherNets(own: keyof typeof kinds): readonly OtherFile[] {
  const others = Object.entries(kinds).filter(([name]) => name !== own);
  return [...unknown, ...others.map(([name, mark]): OtherFile => [mark, `a ControlNet of ${name}`])];
}
