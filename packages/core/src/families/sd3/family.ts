import { defineFamily } from "../../loop/define-family";
import { partsOf } from "../../loop/denoiser";
import type { Configs, Family, FamilyParts, SettingProblem } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { shiftOfImage } from "../../schedulers/flow-shift";
import type { Schedule } from "../../schedulers/scheduler";
import type { Floats } from "../../tensor";
import { autoencoderClasses, tilingProblems } from "../autoencoders/autoencoder";
import { croppedPositions } from "../blocks/cropped-positions";
import { clipSkipProblem } from "../encoders/clip-encoder";
import { type ClipTextConfig, clipTextWithProjection } from "../encoders/clip-text";
import { t5Encoder } from "../encoders/t5";
import { type Drawn, type TransformerMethods, TransformerPipeline } from "../transformers/pipeline";
import { guidanceStrength, patchPixels, trainedSquare, transformerSizes } from "../transformers/settings";
import { type Sd3Config, sd3 } from "./model";
import { Sd3PromptEncoder, type Sd3Prompts } from "./prompts";
import { type Sd3Settings, sd3Settings } from "./settings";

/** Most tokens of a prompt that T5 reads. */
const LONGEST_PROMPT = 512;

/**
 * StableDiffusion3Pipeline and StableDiffusion3Img2ImgPipeline: Stable Diffusion 3 and 3.5,
 * https://arxiv.org/abs/2403.03206, with diffusers' settings and defaults.
 */
export const stableDiffusion3Family = defineFamily({
  className: "StableDiffusion3Pipeline",
  title: "Stable Diffusion 3",
  denoiser: "transformer",
  settings: sd3Settings,
  defaults: (configs, fromImage) => ({
    guidance_scale: 7,
    max_sequence_length: 256,
    ...trainedSquare(configs),
    ...(fromImage ? { num_inference_steps: 50, strength: 0.6 } : { num_inference_steps: 28 }),
  }),
  sizeMultiple: patchPixels,
  components: {
    text_encoder: { CLIPTextModelWithProjection: { architecture: clipTextWithProjection, entry: "encode" } },
    text_encoder_2: { CLIPTextModelWithProjection: { architecture: clipTextWithProjection, entry: "encode" } },
    text_encoder_3: { T5EncoderModel: { architecture: t5Encoder, entry: "encode" } },
    transformer: { SD3Transformer2DModel: { architecture: sd3, entry: "forward" } },
    vae: autoencoderClasses,
  },
  optional: ["text_encoder_3"],
  others: ["image_encoder", "feature_extractor"],
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["flow"],
  problems: (configs, settings) => [
    ...sizeProblems(configs, settings),
    ...promptProblems(configs, settings),
    ...tilingProblems(configs.vae, settings),
  ],
  firstStep,
  sizes: runSizes,
  open: async (parts) => new TransformerPipeline(parts, await methods(parts)),
});

/** The image must fit into the model's positions. */
function sizeProblems(configs: Configs, { height, width }: Sd3Settings): SettingProblem[] {
  const most = (configs.transformer as Sd3Config).pos_embed_max_size * patchPixels(configs);
  return Object.entries({ height, width }).flatMap(([key, side]): SettingProblem[] =>
    side > most ? [{ key: key as "height", text: `must be <= ${most} for this model, found ${side}` }] : [],
  );
}

function promptProblems(configs: Configs, { max_sequence_length: most, clip_skip }: Sd3Settings): SettingProblem[] {
  const text = ["text_encoder", "text_encoder_2"]
    .map((name) => clipSkipProblem(configs[name], "penultimate", clip_skip))
    .find((found) => found !== undefined);
  return [
    ...(text === undefined ? [] : [{ key: "clip_skip", text } as const]),
    ...(most > LONGEST_PROMPT
      ? [{ key: "max_sequence_length", text: `must be <= ${LONGEST_PROMPT}, found ${most}` } as const]
      : []),
  ];
}

/** A step that `strength` covers in part is run. */
function firstStep({ num_inference_steps: steps, strength }: Sd3Settings): number {
  return Math.floor(steps - Math.min(steps * strength, steps));
}

function runSizes(configs: Configs, settings: Sd3Settings): ReturnType<Family["sizes"]> {
  const prompts = Math.max(1, settings.prompt.length);
  const clipTokens = (name: string): number => (configs[name] as ClipTextConfig).max_position_embeddings;
  const T = settings.max_sequence_length;
  return {
    text_encoder: { B: prompts, T: clipTokens("text_encoder") },
    text_encoder_2: { B: prompts, T: clipTokens("text_encoder_2") },
    text_encoder_3: { B: prompts, T },
    ...transformerSizes(configs, settings, clipTokens("text_encoder") + T),
  };
}

async function methods(parts: FamilyParts): Promise<TransformerMethods> {
  const config = parts.configs.transformer as Sd3Config;
  const prompts = await Sd3PromptEncoder.open(parts);
  return {
    encode: (settings: Sd3Settings, signal) => encode(prompts, settings, signal),
    positions: (height, width) => readPositions(parts, config, height, width),
    schedule: (settings: Sd3Settings, scheduler) => schedule(parts.configs, settings, scheduler),
    firstStep,
  };
}

async function encode(encoder: Sd3PromptEncoder, settings: Sd3Settings, signal?: AbortSignal): Promise<Drawn> {
  const { prompt, prompt_2, prompt_3, negative_prompt, negative_prompt_2, negative_prompt_3, clip_skip } = settings;
  const positive = await encoder.encode([prompt, prompt_2, prompt_3], clip_skip, settings, signal);
  const negatives = [negative_prompt, negative_prompt_2, negative_prompt_3] as const;
  const negative =
    guidanceStrength(settings) > 0
      ? await encoder.encode(negatives, 0, settings, signal) // the reference skips no layer here
      : undefined;
  return {
    inputs: (branch) => {
      const chosen = partsOf(branch, positive, negative);
      const stacked = (of: (prompts: Sd3Prompts) => Floats): Floats => stack(chosen.map(of));
      return {
        encoder_hidden_states: stacked(({ hidden }) => hidden),
        pooled_projections: stacked(({ pooled }) => pooled),
      };
    },
    warnings: [...positive.warnings, ...(negative?.warnings ?? [])],
  };
}

function readPositions({ checkpoint }: FamilyParts, config: Sd3Config, height: number, width: number): Floats {
  const weights = checkpoint.component("transformer").weights();
  try {
    return croppedPositions(config, weights, height, width);
  } finally {
    weights.close();
  }
}

function schedule(
  configs: Configs,
  { num_inference_steps, sigmas, height, width }: Sd3Settings,
  scheduler: Readonly<Record<string, unknown>>,
): Schedule {
  const pixels = patchPixels(configs);
  const tokens = (height / pixels) * (width / pixels);
  return {
    num_inference_steps,
    ...(sigmas ? { sigmas } : {}),
    // A scheduler that does not say has another end of the line than FLUX.
    ...(scheduler.use_dynamic_shifting === true ? { mu: shiftOfImage({ max_shift: 1.16, ...scheduler }, tokens) } : {}),
  };
}
