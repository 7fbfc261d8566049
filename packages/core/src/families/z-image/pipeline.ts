import { nearestPixels } from "../../image/nearest-pixels";
import { concat } from "../../loop/concat";
import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline, Inpainted, Inpainting } from "../../loop/family";
import { limitNorm, negated } from "../../loop/guidance";
import { shiftOfImage } from "../../schedulers/flow-shift";
import { type Floats, floats } from "../../tensor";
import { isSteered } from "../control/settings";
import type { Qwen3Encoder } from "../encoders/qwen3-encoder";
import { type FlowLatents, flowLatents } from "../transformers/flow-latents";
import { PATCH, type ZImageConfig } from "./model";
import { layOutSequence, longestCaption, paddedLength } from "./sequence";
import type { ZImageSettings } from "./settings";
import { ZImageSteering } from "./steering";

/** Prompt embeddings `[tokens, width]`, one an image. */
interface Captions extends Conditioning {
  readonly positive: readonly Floats[];
  readonly negative: readonly Floats[];
  /** What the ControlNet is shown. */
  readonly control?: Floats;
}

/** Z-Image, opened. */
export function zImagePipeline(parts: FamilyParts, textEncoder: Qwen3Encoder): FamilyPipeline<Captions> {
  const config = parts.configs.transformer as ZImageConfig;
  const denoiser = new Denoiser(parts, "transformer");
  const latents = flowLatents(parts, config.in_channels);
  const steering = isSteered(parts.configs) ? new ZImageSteering(parts) : undefined;
  return {
    ...latents,
    ...(steering ? { inpainting: steeredInpainting(latents) } : {}),
    takeControl: async (encoded, settings, [picture], _generator, signal) => ({
      ...encoded,
      control: await latents.encodeMode(settings, picture!, signal),
    }),
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
    join: (encoded) => {
      const positive = encoded.flatMap((each) => each.positive);
      const negative = encoded.flatMap((each) => each.negative);
      const isFilledUp = (captions: readonly Floats[]): boolean =>
        new Set(captions.map(({ shape }) => paddedLength(shape[0]!))).size > 1;
      return isFilledUp(positive) || isFilledUp(negative) ? undefined : { positive, negative, warnings: [] };
    },
    schedule: ({ num_inference_steps, sigmas, height, width }, scheduler) => {
      const multiple = latents.scaleFactor * PATCH;
      const mu = shiftOfImage(scheduler, (height / multiple) * (width / multiple));
      if (!sigmas && scheduler.use_flow_sigmas === true) return { num_inference_steps, mu }; // it spaces flows by itself
      // From all noise down to 1 / steps: the last step lands on the image.
      const own = Array.from({ length: num_inference_steps }, (_, i) => 1 - i / num_inference_steps);
      return { num_inference_steps, mu, sigmas: sigmas ?? own };
    },
    guidanceAt: ({ guidance_scale, cfg_truncation }: ZImageSettings, timestep) =>
      cfg_truncation <= 1 && progress(timestep) > cfg_truncation ? 0 : guidance_scale,
    predict: async (encoded, sample, timestep, branch, options) => {
      const [, , height, width] = sample.shape as [number, number, number, number];
      const batch = branchLatents(branch, sample);
      const step = { latents: batch };
      const time = { timestep, at: (t: number) => ({ timestep: forRows(batch.shape[0]!, progress(t)) }) };
      const sequence = (): DenoiserInputs => {
        const captions = partsOf(branch, encoded.positive, encoded.negative).flat();
        return { ...layOutSequence(config, captions, height, width) };
      };
      const pass = { step, time, constants: { [`${branch} ${sample.shape}`]: sequence } };
      const steered = await steering?.hints(encoded, pass, tokensOf(encoded, branch, height, width), options);
      const constants = { ...pass.constants, ...steered?.constants };
      return denoiser.run(encoded, { ...pass, made: steered?.made, constants }, options);
    },
    guidanceBase: "cond",
    // The model points from noise to image.
    finish: ({ cfg_normalization: most }: ZImageSettings, prediction, cond) =>
      negated(cond && most > 0 ? limitNorm(prediction, cond, most) : prediction),
  };
}

/** How a part of an image is painted anew by a ControlNet that sees the rest. Nothing is blended. */
function steeredInpainting({ inpainting, encodeMode, scaleFactor }: FlowLatents): Inpainting<Captions> {
  const { blendMask: _, ...seeing } = inpainting;
  return {
    ...seeing,
    isNoiseAlone: true,
    encodeMasked: (settings, image, _generator, signal) => encodeMode(settings, image, signal),
    see: (encoded, { mask, masked }: Inpainted) => ({
      ...encoded,
      control: concat([encoded.control!, inverted(nearestPixels(mask, scaleFactor)), masked!], 1),
    }),
  };
}

/** 1 where the mask is 0. */
function inverted({ shape, data }: Floats): Floats {
  return floats(
    shape,
    data.map((share) => 1 - share),
  );
}

/** Tokens of image and caption in one pass. @param height of the latents @param width of the latents */
function tokensOf({ positive, negative }: Captions, branch: Branch, height: number, width: number): number {
  const captions = partsOf(branch, positive, negative).flat();
  const longest = Math.max(...captions.map(({ shape }) => paddedLength(shape[0]!)));
  return paddedLength((height / PATCH) * (width / PATCH)) + longest;
}

/** What the model is told: 0 at pure noise, 1 at the image. */
function progress(timestep: number): number {
  return (1000 - timestep) / 1000;
}
