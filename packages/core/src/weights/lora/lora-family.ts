import { flatName, type Lora, type LoraModule } from "./lora";

/** What is known of a LoRA's modules: their names with underscores, and the sizes of their updates. */
export interface FamilySigns {
  readonly lora: Pick<Lora, "modules">;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Rows and columns of a module's update, where it is a LoRA. */
  sizeOf(module: LoraModule): readonly [rows: number, columns: number] | undefined;
}

const stableDiffusion = "Stable Diffusion 1.5 or Stable Diffusion 2.1";

/** What trainers write into a header: `ss_base_model_version`, `modelspec.architecture`. */
const versions: readonly (readonly [RegExp, string])[] = [
  [/^(sdxl|stable-diffusion-xl)/i, "Stable Diffusion XL"],
  [/^(sd_?3|stable-diffusion-v?3)/i, "Stable Diffusion 3"],
  [/^(sd_v2|sd_?2|stable-diffusion-v2)/i, "Stable Diffusion 2.1"],
  [/^(sd_v1|sd_?1|stable-diffusion-v1)/i, "Stable Diffusion 1.5"],
  [/^flux[-_.]?2/i, "FLUX.2"],
  [/^flux/i, "FLUX.1"],
  [/^z[-_ ]?image/i, "Z-Image"],
  [/^qwen[-_ ]?image/i, "Qwen-Image"],
  [/^pixart/i, "PixArt"],
  [/^(wan|hunyuan|lumina|chroma|hidream|ltx|cosmos|anima|auraflow|sana|kolors)/i, ""],
];

/** Names of modules that one family alone has, or a few. The first that fits counts. */
const marks: readonly (readonly [RegExp, string])[] = [
  [/single_transformer_blocks_\d+_attn_to_qkv_mlp_proj|(single|double)_stream_modulation/, "FLUX.2"],
  [/^transformer_blocks_\d+_ff(_context)?_linear_(in|out)$/, "FLUX.2"],
  [/distilled_guidance_layer/, "Chroma"],
  [/^joint_transformer_blocks_/, "AuraFlow"],
  [/^double_stream_blocks_|^single_stream_blocks_/, "HiDream"],
  [/^double_blocks_\d+_(img|txt)_mlp_fc\d/, "HunyuanVideo"],
  [/^(double_blocks|single_blocks|single_transformer_blocks)_\d/, "FLUX.1"],
  [/^joint_blocks_\d/, "Stable Diffusion 3"],
  [/^transformer_blocks_\d+_(img|txt)_(mlp|mod)_/, "Qwen-Image"],
  [/^transformer_blocks_\d+_attn_(to|add)_/, "FLUX.1 or Stable Diffusion 3 or Qwen-Image"],
  [/^transformer_blocks_\d+_attn1_to_/, "PixArt or DiT or SANA or LTX-Video or CogVideoX"],
  [/^(noise|context)_refiner_\d|^layers_\d+_attention_|^layers_\d+_feed_forward_/, "Z-Image"],
  [/^blocks_\d+_(attn_qkv|cross_attn_(q|kv)_linear)/, "PixArt"],
  [/^blocks_\d+_(self_attn|cross_attn)_[qkvo]$|^blocks_\d+_ffn_[02]$|^blocks_\d+_attn[12]_to_/, "Wan"],
  [/^prior_/, "Stable Cascade"],
  [/^(label_emb|add_embedding)_/, "Stable Diffusion XL"],
  [
    /^(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)_.*transformer_blocks_[1-9]/,
    "Stable Diffusion XL",
  ],
  [
    /^(down_blocks_[03]_attentions|down_blocks_3|up_blocks_3|input_blocks_[12]_1|output_blocks_(9|1\d))_/,
    stableDiffusion,
  ],
];

/** The width of a prompt's tokens, by which U-Nets differ. */
const contexts: Readonly<Record<number, string | undefined>> = {
  768: "Stable Diffusion 1.5",
  1024: "Stable Diffusion 2.1",
  2048: "Stable Diffusion XL",
};

/** The family of models that a LoRA was made for. */
export interface LoraFamily {
  /** `Stable Diffusion XL`; where several have such names, `Stable Diffusion 1.5 or Stable Diffusion 2.1`. */
  readonly title: string;
  /** Its header says so, and not its names alone. */
  readonly isSaid: boolean;
}

/** By what a LoRA's header and its names say; `undefined` where they do not. */
export function loraFamily(signs: FamilySigns): LoraFamily | undefined {
  const { ss_base_model_version: version, "modelspec.architecture": architecture } = signs.metadata;
  for (const text of [version, architecture]) {
    const said = typeof text === "string" ? versions.find(([pattern]) => pattern.test(text)) : undefined;
    if (said) return { title: said[1] === "" ? (text as string) : said[1], isSaid: true };
  }
  const { modules } = signs.lora;
  const names = modules.filter(({ model }) => model === "denoiser").map(({ module }) => flatName(module));
  const title = bySizes(signs, names) ?? marked(names) ?? byTextEncoder(signs.lora, names);
  return title === undefined ? undefined : { title, isSaid: false };
}

function marked(names: readonly string[]): string | undefined {
  return marks.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
}

function bySizes({ lora, sizeOf }: FamilySigns, names: readonly string[]): string | undefined {
  const first = (pattern: RegExp): readonly [number, number] | undefined => {
    const module = lora.modules.find(({ model, module }) => model === "denoiser" && pattern.test(flatName(module)));
    return module && sizeOf(module);
  };
  // A gated feed-forward of three times the width makes FLUX.2's fused linears wider than FLUX.1's.
  const fused = first(/^single_blocks_\d+_linear1$/);
  if (fused) return fused[0] === 9 * fused[1] ? "FLUX.2" : "FLUX.1";
  const feedForward = first(/^double_blocks_\d+_(img|txt)_mlp_0$/);
  if (feedForward && feedForward[0] === 6 * feedForward[1]) return "FLUX.2";
  const cross = first(/^(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)_.*attn2_to_[kv]$/);
  const context = cross && contexts[cross[1]];
  if (context !== undefined) return context;
  if (names.some((name) => /^(double|single)_/.test(name))) return undefined;
  const joint = first(/^transformer_blocks_\d+_attn_(add_[qkv]_proj|to_[qkv])$/);
  if (joint && (joint[1] === 1536 || joint[1] === 2432)) return "Stable Diffusion 3";
  const layers = first(/^layers_\d+_(attention_(qkv|to_[qkv])|feed_forward_w[13])$/);
  return layers?.[1] === 2304 ? "Lumina 2" : undefined;
}

/** A second CLIP beside a U-Net. */
function byTextEncoder({ modules }: Pick<Lora, "modules">, names: readonly string[]): string | undefined {
  const isUNet = names.some((name) =>
    /^(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)_/.test(name),
  );
  const isSecond = modules.some(({ model }) => ["text_encoder_2", "te2", "clip_g"].includes(model));
  return isUNet && isSecond ? "Stable Diffusion XL" : undefined;
}

/** The model that a U-Net is, in the same words. @param width of its prompt's tokens */
export function titleOfWidth(width: number): string {
  return contexts[width] ?? stableDiffusion;
}

/** Whether what is known of a LoRA says that it is not for the model. */
export function isOther(lora: LoraFamily | undefined, model: string): boolean {
  if (lora === undefined) return false;
  const models = model.split(" or ");
  // `FLUX.1` is the family of `FLUX.1 Fill`.
  return !lora.title
    .split(" or ")
    .some((title) => models.some((other) => other.startsWith(title) || title.startsWith(other)));
}
