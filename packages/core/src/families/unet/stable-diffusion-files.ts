import type { Note } from "../../weights/checkpoint/note";
import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { TrainedNoise } from "../../weights/single-file/trained-noise";
import { knownVae } from "../autoencoders/files";
import { clipL, clipTokenizer } from "../encoders/files";
import { knownUnet } from "./files";
import { markTensors, warning } from "./noise-marks";

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

/** Tensors that say what a file was trained for, all but Playground's; of EDM's, Stable Diffusion 1 and 2 cannot follow them. */
export const latentDiffusionMarks = markTensors.filter((tensor) => !["edm_mean", "edm_std"].includes(tensor));

/** What a file marks that its pipeline has no place for. @param file name for the notes */
export function unmarked(file: string, { edm }: TrainedNoise, pipeline: string): Note[] {
  return edm ? [warning(file, `tensor edm_vpred.sigma_max had no effect: ${pipeline} has no EDM noise levels`)] : [];
}

/**
 * As https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5 has it. PNDM knows no zero terminal SNR: a file
 * that marks it gets DDIM.
 * @param file name for the notes
 */
export function stableDiffusion(file: string, marks: TrainedNoise): KnownPipeline {
  const noise = {
    ...latentDiffusionNoise,
    prediction_type: marks.predictionType ?? "epsilon",
    set_alpha_to_one: false,
  };
  return {
    title,
    className: "StableDiffusionPipeline",
    options: {},
    marks: latentDiffusionMarks,
    notes: [...marks.notes, ...unmarked(file, marks, title)],
    components: {
      unet: knownUnet(title, 64),
      vae: knownVae(title, { latent_channels: 4, scaling_factor: 0.18215, shift_factor: null, sample_size: 512 }),
      text_encoder: clipL,
      tokenizer: clipTokenizer,
      scheduler: marks.isZeroSnr
        ? {
            kind: "scheduler",
            className: "DDIMScheduler",
            config: { ...noise, clip_sample: false, rescale_betas_zero_snr: true },
          }
        : { kind: "scheduler", className: "PNDMScheduler", config: { ...noise, skip_prk_steps: true } },
    },
  };
}
