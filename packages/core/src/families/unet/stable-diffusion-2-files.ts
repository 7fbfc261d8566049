import type { KnownPipeline } from "../../weights/single-file/known-pipeline";
import type { TrainedNoise } from "../../weights/single-file/trained-noise";
import { knownVae } from "../autoencoders/files";
import { clipGTokenizer, clipH } from "../encoders/files";
import { knownUnet } from "./files";
import { warning } from "./noise-marks";
import { latentDiffusionMarks, latentDiffusionNoise, unmarked } from "./stable-diffusion-files";

const title = "Stable Diffusion 2";

/**
 * As https://huggingface.co/stabilityai/stable-diffusion-2-1 has it, and stable-diffusion-2-1-base for a model that
 * predicts epsilon. Where nothing tells which, it is the former, as for diffusers.
 * @param file name for the notes @param inpaints whether it was trained to: the published one of these predicts epsilon
 */
export function stableDiffusion2(file: string, marks: TrainedNoise, inpaints: boolean): KnownPipeline {
  const { predictionType = inpaints ? "epsilon" : "v_prediction", notes } = marks;
  const isBase = predictionType === "epsilon";
  const common = {
    ...latentDiffusionNoise,
    prediction_type: predictionType,
    set_alpha_to_one: false,
    ...(marks.isZeroSnr ? { rescale_betas_zero_snr: true } : {}),
  };
  const guess = warning(
    file,
    'nothing in it tells what this model of Stable Diffusion 2 predicts. It is taken as one for 768 pixels that predicts v, as diffusers does; for one that predicts noise (the 512 base model), set "scheduler": { "prediction_type": "epsilon" }',
  );
  return {
    title,
    className: "StableDiffusionPipeline",
    options: {},
    marks: latentDiffusionMarks,
    notes: [
      ...notes,
      ...(marks.predictionType === undefined && !inpaints ? [guess] : []),
      ...unmarked(file, marks, title),
    ],
    components: {
      unet: knownUnet(title, isBase ? 64 : 96),
      vae: knownVae(title, { latent_channels: 4, scaling_factor: 0.18215, shift_factor: null, sample_size: 768 }),
      text_encoder: clipH,
      tokenizer: clipGTokenizer,
      scheduler:
        isBase && !marks.isZeroSnr
          ? { kind: "scheduler", className: "PNDMScheduler", config: { ...common, skip_prk_steps: true } }
          : { kind: "scheduler", className: "DDIMScheduler", config: { ...common, clip_sample: false } },
    },
  };
}
