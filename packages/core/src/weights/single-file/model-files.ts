import { latentDiffusionVaeRules } from "../../families/autoencoders/latent-diffusion-names";
import { llamaCppQwenNames, llamaCppT5Names } from "../../families/encoders/llama-cpp-names";
import { openClipNames } from "../../families/encoders/open-clip-names";
import { fluxNames } from "../../families/flux/names";
import { pixartNames } from "../../families/pixart/names";
import { sd3Rules } from "../../families/sd3/names";
import { latentDiffusionUNetRules } from "../../families/unet/latent-diffusion-names";
import { zImageNames } from "../../families/z-image/names";
import type { Shapes } from "./recipe";
import type { Rule } from "./rules";

/** A way to name a model's tensors that is not diffusers'. */
export interface Layout {
  /** Whose names they are: `latent-diffusion`. */
  readonly title: string;
  /** A tensor that only this layout has. */
  readonly mark: RegExp;
  rules(stored: Shapes): readonly Rule[];
}

/** How the tensors of one class of models lie in files of all kinds. */
export interface ModelFile {
  /** A tensor that each of them has, by the name that models ask for. */
  readonly mark: RegExp;
  /** What its names begin with where a file holds several models; for some components only. */
  readonly prefixes: readonly { readonly text: string; readonly component?: string }[];
  readonly layouts: readonly Layout[];
}

const denoiser = [{ text: "model.diffusion_model." }];
const clip: ModelFile = {
  mark: /^(text_model\.)?embeddings\.token_embedding\.weight$/,
  prefixes: [
    { text: "cond_stage_model.transformer.", component: "text_encoder" },
    { text: "cond_stage_model.model.", component: "text_encoder" },
    { text: "conditioner.embedders.0.transformer.", component: "text_encoder" },
    { text: "conditioner.embedders.1.model.", component: "text_encoder_2" },
    { text: "text_encoders.clip_l.transformer.", component: "text_encoder" },
    { text: "text_encoders.clip_g.transformer.", component: "text_encoder_2" },
  ],
  layouts: [{ title: "open_clip", mark: /^transformer\.resblocks\.0\./, rules: () => openClipNames }],
};
const qwen: ModelFile = {
  mark: /^(model\.)?layers\.0\.self_attn\.q_norm\.weight$/,
  prefixes: [{ text: "text_encoders.qwen3_4b.transformer." }],
  layouts: [{ title: "llama.cpp", mark: /^blk\.0\.attn_q_norm\./, rules: () => llamaCppQwenNames }],
};

/** By class. Those that are not listed are read under the names that their files have. */
export const modelFiles: Readonly<Record<string, ModelFile>> = {
  UNet2DConditionModel: {
    mark: /^down_blocks\.0\.resnets\.0\.time_emb_proj\.weight$/,
    prefixes: denoiser,
    layouts: [{ title: "latent-diffusion", mark: /^input_blocks\.0\.0\./, rules: latentDiffusionUNetRules }],
  },
  SD3Transformer2DModel: {
    mark: /^pos_embed\.pos_embed$/,
    prefixes: denoiser,
    layouts: [{ title: "Stability AI", mark: /^joint_blocks\.0\./, rules: sd3Rules }],
  },
  PixArtTransformer2DModel: {
    mark: /^adaln_single\.linear\.weight$/,
    prefixes: denoiser,
    layouts: [{ title: "PixArt-alpha", mark: /^t_block\.1\./, rules: () => pixartNames }],
  },
  FluxTransformer2DModel: {
    mark: /^transformer_blocks\.0\.attn\.add_q_proj\.weight$/,
    prefixes: denoiser,
    layouts: [{ title: "black-forest-labs", mark: /^double_blocks\.0\./, rules: () => fluxNames }],
  },
  ZImageTransformer2DModel: {
    mark: /^all_x_embedder\.2-1\.weight$/,
    prefixes: denoiser,
    layouts: [{ title: "ComfyUI", mark: /^noise_refiner\.0\.attention\.qkv\./, rules: () => zImageNames }],
  },
  AutoencoderKL: {
    mark: /^decoder\.mid_block\.resnets\.0\.conv1\.weight$/,
    prefixes: [{ text: "first_stage_model." }, { text: "vae." }],
    layouts: [
      { title: "latent-diffusion", mark: /^(encoder|decoder)\.mid\.block_1\./, rules: latentDiffusionVaeRules },
    ],
  },
  CLIPTextModel: clip,
  CLIPTextModelWithProjection: clip,
  T5EncoderModel: {
    mark: /^encoder\.block\.0\.layer\.0\.SelfAttention\.q\.weight$/,
    prefixes: [{ text: "text_encoders.t5xxl.transformer." }],
    layouts: [{ title: "llama.cpp", mark: /^enc\.blk\.0\./, rules: () => llamaCppT5Names }],
  },
  Qwen3ForCausalLM: qwen,
  Qwen3Model: qwen,
};
