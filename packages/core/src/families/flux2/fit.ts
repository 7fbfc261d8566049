import { modelOptions } from "../../errors/models";
import type { Configs, SettingProblem } from "../../loop/family";
import { scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import type { Qwen3Config } from "../encoders/qwen3";
import type { Flux2AutoencoderConfig } from "./autoencoder";
import { type Flux2Config, flux2 } from "./model";
import { PATCH } from "./patches";
import { AXES } from "./positions";
import type { Flux2Settings } from "./settings";

/** What of the settings does not fit the models. */
export function flux2Problems(configs: Configs, settings: Flux2Settings): SettingProblem[] {
  return [...layerProblems(configs, settings), ...tileProblems(configs, settings)];
}

/** The layers must be there, and as wide together as the denoiser wants them. */
function layerProblems(
  { text_encoder, transformer }: Configs,
  { text_encoder_out_layers: layers }: Flux2Settings,
): SettingProblem[] {
  const { num_hidden_layers, hidden_size } = text_encoder as Qwen3Config;
  const { joint_attention_dim } = transformer as Flux2Config;
  const problem = (text: string): SettingProblem => ({ key: "text_encoder_out_layers", text });
  const beyond = layers.filter((layer) => layer > num_hidden_layers);
  return [
    ...(beyond.length === 0
      ? []
      : [problem(`must be at most ${num_hidden_layers}, the text encoder's layers, found ${beyond.join(", ")}`)]),
    ...(layers.length * hidden_size === joint_attention_dim
      ? []
      : [
          problem(
            `must be as many as make up "joint_attention_dim" of the transformer (${joint_attention_dim}) with ${hidden_size} each, found ${layers.length}`,
          ),
        ]),
  ];
}

/** A tile must begin and end with a patch: latents are scaled by their place in one. */
function tileProblems({ vae }: Configs, settings: Flux2Settings): SettingProblem[] {
  const problems = tilingProblems(vae, settings);
  if (!settings.vae_tiling || problems.length > 0) return problems;
  const [side] = [(vae as Flux2AutoencoderConfig).sample_size].flat() as [number];
  const multiple = 4 * PATCH * scaleFactorOf(vae);
  return side % multiple === 0
    ? []
    : [{ key: "vae_tiling", text: `needs a sample_size of the VAE that is a multiple of ${multiple}, found ${side}` }];
}

/** The denoiser must take patches of latents and give what it takes, and tell no strength of guidance. */
export function checkFit({ transformer, vae }: Configs): void {
  const { in_channels, out_channels, patch_size, axes_dims_rope, guidance_embeds } = transformer as Flux2Config;
  const features = (vae as Flux2AutoencoderConfig).latent_channels * PATCH ** 2;
  const given = patch_size ** 2 * (out_channels ?? in_channels);
  const problems = [
    ...(in_channels === features
      ? []
      : [`"in_channels" must be ${PATCH ** 2} times "latent_channels" of the VAE (${features}), found ${in_channels}`]),
    ...(given === in_channels ? [] : [`"out_channels" must be "in_channels" (${in_channels}), found ${given}`]),
    ...(axes_dims_rope.length === AXES
      ? []
      : [`"axes_dims_rope" must have ${AXES} entries, found ${axes_dims_rope.length}`]),
    ...(guidance_embeds ? ['"guidance_embeds" must be false: FLUX.2 klein is not told the strength of guidance'] : []),
  ];
  if (problems.length > 0) throw modelOptions(flux2.className, problems);
}
