import type { KnownPipeline } from "../known-pipeline";
import type { Shapes } from "../recipe";
import { latentDiffusionNoise } from "./stable-diffusion";
import { clipG, clipL, clipTokenizer } from "./text-encoders";
import { unetConfig } from "./unet";
import { knownVae } from "./vae";

const title = "Stable Diffusion XL";

/**
 * As https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0 has it.
 * @param stored tensors of the file; fine-tunes mark another prediction type, and noise up to a signal of zero, with
 *   tensors that hold nothing
 */
export function stableDiffusionXl(stored: Shapes): KnownPipeline {
  return {
    title,
    className: "StableDiffusionXLPipeline",
    options: { force_zeros_for_empty_prompt: true },
    components: {
      unet: {
        kind: "model",
        library: "diffusers",
        className: "UNet2DConditionModel",
        config: (shapes) => ({ ...unetConfig(shapes, title), sample_size: 128 }),
      },
      vae: knownVae(title, { latent_channels: 4, scaling_factor: 0.13025, shift_factor: null, sample_size: 1024 }),
      text_encoder: clipL,
      text_encoder_2: clipG,
      tokenizer: clipTokenizer,
      // The same vocabulary, and another token for padding.
      tokenizer_2: {
        kind: "tokenizer",
        className: "CLIPTokenizer",
        hub: "hf:stabilityai/stable-diffusion-xl-base-1.0/tokenizer_2",
      },
      scheduler: {
        kind: "scheduler",
        className: "EulerDiscreteScheduler",
        config: {
          ...latentDiffusionNoise,
          prediction_type: stored.has("v_pred") ? "v_prediction" : "epsilon",
          rescale_betas_zero_snr: stored.has("ztsnr"),
          interpolation_type: "linear",
        },
      },
    },
  };
}
