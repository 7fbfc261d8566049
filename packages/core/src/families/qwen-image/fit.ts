import { modelOptions } from "../../errors/models";
import type { Configs, SettingProblem } from "../../loop/family";
import { tilingProblems } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import type { Qwen25VlConfig } from "../encoders/qwen2-5-vl";
import { longPromptProblems } from "../encoders/settings";
import type { QwenImageAutoencoderConfig } from "./autoencoder";
import { type QwenImageConfig, qwenImage } from "./model";
import type { QwenImageSettings } from "./settings";

/** Options of the transformers of the family's other classes, which see images beside the one that is drawn. */
const others = {
  zero_cond_t: "Qwen-Image-Edit (2511)",
  use_additional_t_cond: "Qwen-Image-Layered",
  use_layer3d_rope: "Qwen-Image-Layered",
} as const;

/** The denoiser must take packed latents and the encoder's states, give what it takes, and be one that draws from texts. */
export function checkFit({ text_encoder, transformer, vae }: Configs): void {
  const config = transformer as QwenImageConfig;
  const { in_channels, out_channels, patch_size, joint_attention_dim } = config;
  const { hidden_size } = text_encoder as Qwen25VlConfig;
  const features = (vae as QwenImageAutoencoderConfig).z_dim * PACK ** 2;
  const given = patch_size ** 2 * (out_channels ?? in_channels);
  const problems = [
    ...Object.entries(others).flatMap(([option, model]) =>
      config[option as keyof typeof others] ? [`"${option}" must be false: it is ${model}'s, which is not drawn`] : [],
    ),
    ...(in_channels === features
      ? []
      : [`"in_channels" must be ${PACK ** 2} times "z_dim" of the VAE (${features}), found ${in_channels}`]),
    ...(given === in_channels
      ? []
      : [`"out_channels" must make up "in_channels" (${in_channels}) in a patch, found ${given}`]),
    ...(joint_attention_dim === hidden_size
      ? []
      : [
          `"joint_attention_dim" must be "hidden_size" of the text encoder (${hidden_size}), found ${joint_attention_dim}`,
        ]),
  ];
  if (problems.length > 0) throw modelOptions(qwenImage.className, problems);
}

/** Most tokens of a prompt. */
const LONGEST_PROMPT = 1024;

/** What of the settings does not fit the models. */
export function qwenImageProblems({ vae }: Configs, settings: QwenImageSettings): SettingProblem[] {
  return [...longPromptProblems(settings, LONGEST_PROMPT), ...tilingProblems(vae, settings)];
}
