import { defineFamily } from "../../loop/define-family";
import type { Configs, Family, FamilyParts, SettingProblem } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { stack } from "../../loop/guidance";
import { shiftOfImage } from "../../schedulers/flow-shift";
import { type Floats, floats } from "../../tensor";
import { tilingProblems } from "../autoencoders/autoencoder";
import { croppedPositions } from "../blocks/cropped-positions";
import { clipProblems, longPromptProblems, textSizes, textTokens } from "../encoders/settings";
import { type Drawn, drawPrompts, type TransformerMethods, TransformerPipeline } from "../transformers/pipeline";
import { guidanceStrength, patchPixels, trainedSquare, transformerSizes } from "../transformers/settings";
import { sd3Components } from "./components";
import type { Sd3Config } from "./model";
import { type Sd3Branch, Sd3PromptEncoder } from "./prompts";
import { type Sd3Settings, sd3Settings } from "./settings";

/**
 * StableDiffusion3Pipeline and StableDiffusion3Img2ImgPipeline: Stable Diffusion 3 and 3.5,
 * https://arxiv.org/abs/2403.03206, with diffusers' settings and defaults.
 */
export const stableDiffusion3Family = defineFamily({
  className: "StableDiffusion3Pipeline",
  aliases: ["StableDiffusion3InpaintPipeline"],
  title: "Stable Diffusion 3",
  settings: sd3Settings,
  defaults: (configs, fromImage) => ({
    guidance_scale: 7,
    max_sequence_length: 256,
    ...trainedSquare(configs),
    ...(fromImage ? { num_inference_steps: 50, strength: 0.6 } : { num_inference_steps: 28 }),
  }),
  sizeMultiple: patchPixels,
  components: sd3Components,
  optional: ["text_encoder_3"],
  others: ["image_encoder", "feature_extractor"],
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["flow"],
  problems: (configs, settings) => [
    ...sizeProblems(configs, settings),
    ...clipProblems(configs, settings, ["text_encoder", "text_encoder_2"], "penultimate"),
    ...longPromptProblems(settings),
    ...tilingProblems(configs.vae, settings),
  ],
  firstStep: flowFirstStep,
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

function runSizes(configs: Configs, settings: Sd3Settings): ReturnType<Family["sizes"]> {
  const tokens = textTokens(configs, settings, "text_encoder") + settings.max_sequence_length;
  return {
    ...textSizes(configs, settings, ["text_encoder", "text_encoder_2", "text_encoder_3"]),
    ...transformerSizes(configs, settings, tokens),
  };
}

async function methods(parts: FamilyParts): Promise<TransformerMethods> {
  const config = parts.configs.transformer as Sd3Config;
  const prompts = await Sd3PromptEncoder.open(parts);
  return {
    encode: (settings: Sd3Settings, signal) => encode(prompts, settings, signal),
    positions: (height, width) => readPositions(parts, config, height, width),
    schedule: ({ num_inference_steps, sigmas, height, width }, scheduler) => {
      const pixels = patchPixels(parts.configs);
      const tokens = (height / pixels) * (width / pixels);
      // A scheduler that does not say has another end of the line than FLUX.
      const mu = () => shiftOfImage({ max_shift: 1.16, ...scheduler }, tokens);
      return {
        num_inference_steps,
        ...(sigmas ? { sigmas } : {}),
        ...(scheduler.use_dynamic_shifting === true ? { mu: mu() } : {}),
      };
    },
    firstStep: flowFirstStep,
    decoded: ({ mask }, latents) => (mask === undefined ? latents : unshifted(parts.configs, latents)),
  };
}

/** The reference's pipeline for inpainting forgets the shift when it decodes; a seed gives its picture all the same. */
function unshifted({ vae }: Configs, { shape, data }: Floats): Floats {
  const { scaling_factor = 1, shift_factor } = vae as { scaling_factor?: number; shift_factor?: number | null };
  return floats(
    shape,
    data.map((x) => x - (shift_factor ?? 0) * scaling_factor),
  );
}

async function encode(encoder: Sd3PromptEncoder, settings: Sd3Settings, signal?: AbortSignal): Promise<Drawn> {
  const { prompt, prompt_2, prompt_3, negative_prompt, negative_prompt_2, negative_prompt_3, clip_skip } = settings;
  const branches: Sd3Branch[] = [
    { texts: [prompt, prompt_2, prompt_3], clipSkip: clip_skip },
    { texts: [negative_prompt, negative_prompt_2, negative_prompt_3], clipSkip: 0 }, // the reference skips no layer here
  ];
  const encoded = await encoder.encode(
    guidanceStrength(settings) > 0 ? branches : branches.slice(0, 1),
    settings,
    signal,
  );
  return drawPrompts(
    settings,
    async (isNegative) => encoded[isNegative ? 1 : 0]!,
    (prompts) => ({
      encoder_hidden_states: stack(prompts.map(({ hidden }) => hidden)),
      pooled_projections: stack(prompts.map(({ pooled }) => pooled)),
    }),
  );
}

function readPositions({ checkpoint }: FamilyParts, config: Sd3Config, height: number, width: number) {
  const weights = checkpoint.component("transformer").weights();
  try {
    return croppedPositions(config, weights, height, width);
  } finally {
    weights.close();
  }
}
