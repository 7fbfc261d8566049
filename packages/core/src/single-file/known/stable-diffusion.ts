import type { KnownPipeline } from "../known-pipeline";
import { clipL, clipTokenizer } from "./text-encoders";
import { unetConfig } from "./unet";
import { knownVae } from "./vae";

const title = "Stable Diffusion 1";

/** Noise that Stable Diffusion 1 and XL were trained on. */
export const latentDiffusionNoise = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  num_train_timesteps: 1000,
  steps_offset: 1,
  timestep_spacing: "leading",
};

/** As https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5 has it. */
export const stableDiffusion: KnownPipeline = {
  title,
  className: "StableDiffusionPipeline",
  options: {},
  components: {
    unet: {
      kind: "model",
      library: "diffusers",
      className: "UNet2DConditionModel",
      config: (shapes) => ({ ...unetConfig(shapes, title), sample_size: 64 }),
    },
    vae: knownVae(title, { latent_channels: 4, scaling_factor: 0.18215, shift_factor: null, sample_size: 512 }),
    text_encoder: clipL,
    tokenizer: clipTokenizer,
    scheduler: {
      kind: "scheduler",
      className: "PNDMScheduler",
      config: { ...latentDiffusionNoise, prediction_type: "epsilon", set_alpha_to_one: false, skip_prk_steps: true },
    },
  },
};
