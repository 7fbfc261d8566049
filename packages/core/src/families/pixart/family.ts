import { defineFamily } from "../../loop/define-family";
import type { DenoiserInputs } from "../../loop/denoiser";
import { diffusionFirstStep } from "../../loop/diffusion-first-step";
import type { Family, FamilyParts } from "../../loop/family";
import { repeatRows, stack } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import { floats } from "../../tensor";
import { autoencoderClasses, tilingProblems } from "../autoencoders/autoencoder";
import { sincosPositions } from "../blocks/sincos-positions";
import { textSizes } from "../encoders/settings";
import { t5Encoder } from "../encoders/t5";
import { T5Encoder, type T5Encoding } from "../encoders/t5-encoder";
import { type Drawn, drawPrompts, type TransformerMethods, TransformerPipeline } from "../transformers/pipeline";
import { plainCaption } from "../transformers/plain-caption";
import { ResolutionBinning } from "../transformers/resolution-binning";
import { trainedSquare, transformerSizes } from "../transformers/settings";
import { type PixArtConfig, pixart } from "./model";
import { type PixArtSettings, pixartSettings } from "./settings";

/**
 * PixArtAlphaPipeline, https://arxiv.org/abs/2310.00426, with diffusers' settings and defaults but for `clean_caption`:
 * prompts are always taken as they are, as diffusers does where it cannot clean them. An image is begun with as in
 * Stable Diffusion, for which diffusers has no pipeline.
 */
export const pixartAlphaFamily = pixartFamily("PixArtAlphaPipeline", 120, [32, 64, 128]);

/** PixArtSigmaPipeline, https://arxiv.org/abs/2403.04692: the same with longer prompts and larger images. */
export const pixartSigmaFamily = pixartFamily("PixArtSigmaPipeline", 300, [32, 64, 128, 256]);

/** @param binned sample sizes of the models that `use_resolution_binning` is for */
function pixartFamily(className: string, max_sequence_length: number, binned: readonly number[]): Family {
  const binning = new ResolutionBinning(binned, 8, 8);
  return defineFamily({
    className,
    title: "PixArt",
    settings: pixartSettings,
    defaults: (configs, fromImage) => ({
      num_inference_steps: 20,
      guidance_scale: 4.5,
      max_sequence_length,
      use_resolution_binning: binning.hasBins(configs),
      ...trainedSquare(configs),
      ...(fromImage ? { strength: 0.8 } : {}),
    }),
    sizeMultiple: () => 1, // it depends on the settings
    components: { text_encoder: t5Encoder, transformer: pixart, vae: autoencoderClasses },
    unheeded: { vae: ["shift_factor", "latents_mean", "latents_std"] },
    schedulers: ["variance-preserving", "variance-exploding"],
    schedulerDefaults: { eta: 0 },
    problems: (configs, settings) => [...binning.problems(configs, settings), ...tilingProblems(configs.vae, settings)],
    sizes: (configs, settings) => ({
      ...textSizes(configs, settings, ["text_encoder"]),
      ...transformerSizes(
        configs,
        { ...settings, ...binning.drawnSize(configs, settings) },
        settings.max_sequence_length,
      ),
    }),
    open: async (parts) => new TransformerPipeline(parts, await methods(parts, binning)),
  });
}

async function methods(parts: FamilyParts, binning: ResolutionBinning): Promise<TransformerMethods> {
  const config = parts.configs.transformer as PixArtConfig;
  const encoder = await T5Encoder.open(parts, "text_encoder");
  const size = (settings: PixArtSettings): Pick<PixArtSettings, "height" | "width"> =>
    binning.drawnSize(parts.configs, settings);
  return {
    encode: async (settings: PixArtSettings, signal) => {
      const prompts = await encodePrompts(encoder, settings, signal);
      if (!config.use_additional_conditions) return prompts;
      const told = sizeInputs(size(settings));
      return {
        inputs: (branch) => ({
          ...prompts.inputs(branch),
          ...told(imageCount(settings) * (branch === "batch" ? 2 : 1)),
        }),
        warnings: prompts.warnings,
      };
    },
    positions: (height, width) => sincosPositions(config, height, width),
    schedule: ({ num_inference_steps, sigmas, timesteps }) => ({
      num_inference_steps,
      ...(sigmas ? { sigmas } : {}),
      ...(timesteps ? { timesteps } : {}),
    }),
    size,
    firstStep: diffusionFirstStep,
  };
}

/** Prompts through T5, whose padding neither it nor the denoiser looks at. */
function encodePrompts(encoder: T5Encoder, settings: PixArtSettings, signal?: AbortSignal): Promise<Drawn> {
  const { prompt, negative_prompt, max_sequence_length: limit, num_images_per_prompt: times } = settings;
  const encode = (isNegative: boolean): Promise<T5Encoding> =>
    encoder.encode((isNegative ? negative_prompt : prompt).map(plainCaption), { limit, masked: true }, signal);
  return drawPrompts(settings, encode, (prompts) => {
    const mask = stack(
      prompts.map(({ mask: { shape, data } }) => repeatRows(floats(shape, Float32Array.from(data)), times)),
    );
    return {
      encoder_hidden_states: stack(prompts.map(({ hidden }) => repeatRows(hidden, times))),
      encoder_attention_mask: { dtype: "int32", shape: mask.shape, data: Int32Array.from(mask.data) },
    };
  });
}

/** What a model of many sizes is told of the image's. @returns the inputs of `count` images */
function sizeInputs({ height, width }: Pick<PixArtSettings, "height" | "width">): (count: number) => DenoiserInputs {
  return (count) => ({
    resolution: repeatRows(floats([1, 2], Float32Array.of(height, width)), count),
    aspect_ratio: repeatRows(floats([1, 1], Float32Array.of(height / width)), count),
  });
}
