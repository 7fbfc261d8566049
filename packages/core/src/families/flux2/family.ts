import type { Sizes } from "../../graph/dim";
import { defineFamily } from "../../loop/define-family";
import type { Configs } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { imageCount } from "../../loop/settings";
import { decodeSizes, scaleFactorOf } from "../autoencoders/autoencoder";
import { flux2Components } from "./components";
import { flux2Files } from "./files";
import { checkFit, flux2Problems } from "./fit";
import { settleInpainting } from "./inpainting";
import { PATCH } from "./patches";
import { Flux2Pipeline } from "./pipeline";
import { Flux2PromptEncoder } from "./prompts";
import { flux2References, referenceTokens, tokenPixels } from "./references";
import { type Flux2Settings, flux2Settings, guidanceOf, isDistilled } from "./settings";

/**
 * Flux2KleinPipeline: FLUX.2 klein, distilled and base, https://github.com/black-forest-labs/flux2, with diffusers'
 * settings and defaults. A distilled model is not guided: its `guidance_scale` is 1 where none is given.
 */
export const flux2KleinFamily = defineFamily({
  className: "Flux2KleinPipeline",
  aliases: ["Flux2KleinInpaintPipeline"],
  title: "FLUX.2 klein",
  singleFiles: flux2Files,
  loraTitle: () => "FLUX.2",
  settings: flux2Settings,
  defaults: (configs, _, inpaints) => ({
    num_inference_steps: 50,
    guidance_scale: usualGuidance(configs, inpaints),
    height: 128 * scaleFactorOf(configs.vae),
    width: 128 * scaleFactorOf(configs.vae),
    ...(inpaints ? { strength: 0.8 } : {}),
  }),
  settle: settleInpainting,
  firstStep: flowFirstStep,
  sizeMultiple: tokenPixels,
  references: flux2References,
  components: flux2Components,
  others: ["is_distilled"],
  schedulers: ["flow"],
  unfitSchedulers: ["FlowMatchHeunDiscreteScheduler"], // takes no levels of the pipeline's
  problems: flux2Problems,
  sizes: (configs, settings) => runSizes(configs, settings),
  open: async (parts) => {
    checkFit(parts.configs);
    return new Flux2Pipeline(parts, await Flux2PromptEncoder.open(parts));
  },
});

/** A distilled model is not guided. */
function usualGuidance(configs: Configs, inpaints = false): number {
  if (isDistilled(configs)) return 1;
  return inpaints ? 8 : 4;
}

function runSizes(configs: Configs, settings: Flux2Settings): Readonly<Record<string, Sizes>> {
  const { height, width, max_sequence_length: S } = settings;
  const multiple = tokenPixels(configs);
  const { B, h, w } = decodeSizes(configs.vae, settings);
  return {
    text_encoder: { B: 1, T: S },
    transformer: {
      B: Math.max(1, imageCount(settings)) * (guidanceOf(configs, settings) > 0 ? 2 : 1),
      S,
      T: S + (height / multiple) * (width / multiple) + referenceTokens(configs, settings),
    },
    vae: { B: B!, h: h! / PATCH, w: w! / PATCH },
  };
}
