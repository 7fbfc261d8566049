import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Conditioning, FamilyParts, FamilyPipeline } from "../../loop/family";
import { limitNorm, negated } from "../../loop/guidance";
import { shiftOfImage } from "../../schedulers/flow-shift";
import type { Floats } from "../../tensor";
import type { Qwen3Encoder } from "../encoders/qwen3-encoder";
import { flowLatents } from "../transformers/flow-latents";
import { PATCH, type ZImageConfig } from "./model";
import { layOutSequence, longestCaption } from "./sequence";
import type { ZImageSettings } from "./settings";

/** Prompt embeddings `[tokens, width]`, one an image. */
interface Captions extends Conditioning {
  readonly positive: readonly Floats[];
  readonly negative: readonly Floats[];
}

/** Z-Image, opened. */
export function zImagePipeline(parts: FamilyParts, textEncoder: Qwen3Encoder): FamilyPipeline<Captions> {
  const config = parts.configs.transformer as ZImageConfig;
  const denoiser = new Denoiser(parts, "transformer");
  const latents = flowLatents(parts, config.in_channels);
  return {
    ...latents,
    encode: async (settings: ZImageSettings, signal) => {
      const { prompt, negative_prompt, guidance_scale, num_images_per_prompt, max_sequence_length } = settings;
      const limit = Math.min(max_sequence_length, longestCaption(config));
      const positive = await textEncoder.encode(prompt, limit, signal);
      const negative = guidance_scale > 0 ? await textEncoder.encode(negative_prompt, limit, signal) : undefined;
      const repeated = (captions: readonly Floats[]): Floats[] =>
        captions.flatMap((caption) => new Array<Floats>(num_images_per_prompt).fill(caption));
      return {
        positive: repeated(positive.hidden),
        negative: repeated(negative?.hidden ?? []),
        warnings: [...positive.warnings, ...(negative?.warnings ?? [])],
      };
    },
    schedule: ({ num_inference_steps, sigmas, height, width }, scheduler) => {
      const multiple = latents.scaleFactor * PATCH;
      return {
        num_inference_steps,
        // From all noise down to 1 / steps: the last step lands on the image.
        sigmas: sigmas ?? Array.from({ length: num_inference_steps }, (_, i) => 1 - i / num_inference_steps),
        mu: shiftOfImage(scheduler, (height / multiple) * (width / multiple)),
      };
    },
    guidanceAt: ({ guidance_scale, cfg_truncation }: ZImageSettings, timestep) =>
      cfg_truncation <= 1 && progress(timestep) > cfg_truncation ? 0 : guidance_scale,
    predict: (encoded, sample, timestep, branch, options) => {
      const [, , height, width] = sample.shape as [number, number, number, number];
      const batch = branchLatents(branch, sample);
      const step = { latents: batch, timestep: forRows(batch.shape[0]!, progress(timestep)) };
      const sequence = (): DenoiserInputs => {
        const captions = partsOf(branch, encoded.positive, encoded.negative).flat();
        return { ...layOutSequence(config, captions, height, width) };
      };
      return denoiser.run(encoded, { step, constants: { [`${branch} ${sample.shape}`]: sequence } }, options);
    },
    guidanceBase: "cond",
    // The model points from noise to image.
    finish: ({ cfg_normalization: most }: ZImageSettings, prediction, cond) =>
      negated(cond && most > 0 ? limitNorm(prediction, cond, most) : prediction),
  };
}

/** What the model is told: 0 at pure noise, 1 at the image. */
function progress(timestep: number): number {
  return (1000 - timestep) / 1000;
}
