import { defineFamily, type FamilyDefinition } from "../../loop/define-family";
import type { Configs, FamilyParts, FamilyPipeline, SettingProblem } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import type { Settings } from "../../loop/settings";
import { take } from "../../settings/common-settings";
import { autoencoderClasses, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { clipText } from "../encoders/clip-text";
import { longPromptProblems } from "../encoders/settings";
import { t5Encoder } from "../encoders/t5";
import { fluxFiles } from "./files";
import { fillInpainting } from "./fill";
import { checkFillFit, checkFit } from "./fit";
import { kontextLook, kontextProblems, kontextReferences, kontextSettings, seenSize, settle } from "./kontext";
import { flux } from "./model";
import { type FluxVariant, fluxPipeline } from "./pipeline";
import { FluxPromptEncoder } from "./prompts";
import { fillSettings, fluxSettings } from "./settings";
import { fluxSizes, tokenPixels } from "./sizes";

/** What the pipelines around FLUX.1's models have in common. */
const shared = {
  sizeMultiple: tokenPixels,
  components: {
    text_encoder: clipText,
    text_encoder_2: t5Encoder,
    transformer: flux,
    vae: autoencoderClasses,
  },
  others: ["image_encoder", "feature_extractor"],
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["flow"],
  unfitSchedulers: ["FlowMatchHeunDiscreteScheduler"], // takes no levels of the pipeline's
  loraTitle: () => "FLUX.1",
} satisfies Partial<FamilyDefinition<typeof fluxSettings>>;

/**
 * FluxPipeline and FluxImg2ImgPipeline: FLUX.1 dev and schnell, with diffusers' settings and defaults. `guidance_scale`
 * is an input of the model where it was distilled to take one (dev); true guidance away from a negative prompt is a
 * second pass.
 */
export const fluxFamily = defineFamily({
  ...shared,
  className: "FluxPipeline",
  title: "FLUX.1",
  singleFiles: fluxFiles,
  settings: { ...fluxSettings, ...take("mask", "strength", "padding_mask_crop") },
  defaults: (configs, fromImage) => ({
    ...usual(configs),
    ...(fromImage ? { guidance_scale: 7, strength: 0.6 } : { guidance_scale: 3.5 }),
  }),
  problems,
  firstStep: flowFirstStep,
  sizes: (configs, settings) => fluxSizes(configs, settings),
  open: (parts) => opened(parts, checkFit),
});

/** FluxKontextPipeline, https://arxiv.org/abs/2506.15742: an image to look at lies behind the one that is drawn. */
export const fluxKontextFamily = defineFamily({
  ...shared,
  className: "FluxKontextPipeline",
  title: "FLUX.1 Kontext",
  settings: kontextSettings,
  defaults: (configs) => ({ ...usual(configs), guidance_scale: 3.5 }),
  settle,
  references: kontextReferences,
  problems: (configs, settings) => [...problems(configs, settings), ...kontextProblems(settings)],
  sizes: (configs, settings) => fluxSizes(configs, settings, seenSize(configs, settings)),
  open: (parts) => opened(parts, checkFit, { look: kontextLook(parts) }),
});

/** FluxFillPipeline: paints a part of an image anew, by a model that sees the rest and the mask. */
export const fluxFillFamily = defineFamily({
  ...shared,
  className: "FluxFillPipeline",
  title: "FLUX.1 Fill",
  settings: fillSettings,
  defaults: (configs) => ({ ...usual(configs), num_inference_steps: 50, guidance_scale: 30 }),
  needsMask: () => true,
  problems,
  firstStep: flowFirstStep,
  sizes: (configs, settings) => fluxSizes(configs, settings),
  open: (parts) => opened(parts, checkFillFit, { inpainting: fillInpainting(parts) }),
});

function usual(configs: Configs): { num_inference_steps: number; height: number; width: number } {
  const side = 128 * scaleFactorOf(configs.vae);
  return { num_inference_steps: 28, height: side, width: side };
}

function problems(configs: Configs, settings: Settings): SettingProblem[] {
  return [...longPromptProblems(settings), ...tilingProblems(configs.vae, settings)];
}

async function opened(
  parts: FamilyParts,
  check: (configs: Configs) => void,
  variant?: FluxVariant,
): Promise<FamilyPipeline> {
  check(parts.configs);
  return fluxPipeline(parts, await FluxPromptEncoder.open(parts), variant);
}
