import type { KnownPipeline, KnownScheduler } from "../../weights/single-file/known-pipeline";
import type { StoredFile } from "../../weights/single-file/stored-file";
import type { TrainedNoise } from "../../weights/single-file/trained-noise";
import { knownVae } from "../autoencoders/files";
import { clipG, clipGTokenizer, clipL, clipTokenizer } from "../encoders/files";
import { knownUnet } from "./files";
import { concluded, markTensors } from "./noise-marks";
import { latentDiffusionMarks, latentDiffusionNoise } from "./stable-diffusion-files";

const title = "Stable Diffusion XL";

const playgroundMarks = ["edm_mean", "edm_std"];

/** Playground 2.5's latents, where the file is not here yet. */
const playgroundLatents = {
  latents_mean: [-1.6574, 1.886, -1.383, 2.5155],
  latents_std: [8.4927, 5.9022, 6.5498, 5.2299],
};

/**
 * As https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0 has it, with the noise that the file marks; with
 * latents of its own, as https://huggingface.co/playgroundai/playground-v2.5-1024px-aesthetic.
 * @param file name for the notes
 */
export function stableDiffusionXl(file: string, stored: StoredFile, marks: TrainedNoise): KnownPipeline {
  const own = playgroundMarks.every((tensor) => stored.shapes.has(tensor));
  const latents = {
    latent_channels: 4,
    scaling_factor: 0.13025,
    shift_factor: null,
    sample_size: 1024,
    ...(own ? { scaling_factor: 0.5, ...latentsOf(stored) } : {}),
  };
  const name = own ? "Playground 2.5" : title;
  const found = own
    ? [concluded(file, "Playground 2.5, EDM noise levels and latents", "tensors edm_mean, edm_std")]
    : [];
  return {
    title: name,
    className: "StableDiffusionXLPipeline",
    options: { force_zeros_for_empty_prompt: true },
    notes: [...found, ...marks.notes],
    marks: own ? markTensors : latentDiffusionMarks,
    components: {
      unet: knownUnet(name, 128),
      vae: knownVae(name, latents),
      text_encoder: clipL,
      text_encoder_2: clipG,
      tokenizer: clipTokenizer,
      tokenizer_2: clipGTokenizer,
      scheduler: own ? playgroundScheduler : schedulerOf(marks),
    },
  };
}

const playgroundScheduler: KnownScheduler = {
  kind: "scheduler",
  className: "EDMDPMSolverMultistepScheduler",
  config: { sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5, prediction_type: "epsilon" },
};

/** CosXL's, https://huggingface.co/stabilityai/cosxl, where noise levels are EDM's. */
function schedulerOf({ edm, predictionType = "epsilon", isZeroSnr }: TrainedNoise): KnownScheduler {
  if (edm)
    return {
      kind: "scheduler",
      className: "EDMEulerScheduler",
      config: {
        sigma_min: edm.sigmaMin,
        sigma_max: edm.sigmaMax,
        sigma_data: 1,
        prediction_type: "v_prediction",
        sigma_schedule: "exponential",
      },
    };
  return {
    kind: "scheduler",
    className: "EulerDiscreteScheduler",
    config: {
      ...latentDiffusionNoise,
      prediction_type: predictionType,
      rescale_betas_zero_snr: isZeroSnr,
      interpolation_type: "linear",
    },
  };
}

function latentsOf(stored: StoredFile): {
  readonly latents_mean: readonly number[];
  readonly latents_std: readonly number[];
} {
  return {
    latents_mean: stored.numbers("edm_mean") ?? playgroundLatents.latents_mean,
    latents_std: stored.numbers("edm_std") ?? playgroundLatents.latents_std,
  };
}
