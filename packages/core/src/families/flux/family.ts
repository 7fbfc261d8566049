import { defineFamily } from "../../loop/define-family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { autoencoderClasses, scaleFactorOf } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { isSteered } from "../control/settings";
import { clipText } from "../encoders/clip-text";
import { t5Encoder } from "../encoders/t5";
import { fluxControlNets } from "./control-nets";
import { fluxFiles } from "./files";
import { checkFit, fluxProblems, fluxSizes } from "./fit";
import { flux } from "./model";
import { fluxPipeline } from "./pipeline";
import { FluxPromptEncoder } from "./prompts";
import { fluxSettings } from "./settings";

/**
 * FluxPipeline and FluxImg2ImgPipeline: FLUX.1 dev and schnell, with diffusers' settings and defaults. `guidance_scale`
 * is an input of the model where it was distilled to take one (dev); true guidance away from a negative prompt is a
 * second pass.
 */
export const fluxFamily = defineFamily({
  className: "FluxPipeline",
  title: "FLUX.1",
  singleFiles: fluxFiles,
  settings: fluxSettings,
  defaults: (configs, fromImage) => ({
    num_inference_steps: 28,
    height: 128 * scaleFactorOf(configs.vae),
    width: 128 * scaleFactorOf(configs.vae),
    guidance_scale: fromImage || isSteered(configs) ? 7 : 3.5,
    ...(fromImage ? { strength: 0.6 } : {}),
  }),
  sizeMultiple: ({ vae }) => scaleFactorOf(vae) * PACK,
  components: {
    text_encoder: clipText,
    text_encoder_2: t5Encoder,
    transformer: flux,
    vae: autoencoderClasses,
  },
  controlNets: fluxControlNets,
  others: ["image_encoder", "feature_extractor"],
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["flow"],
  unfitSchedulers: ["FlowMatchHeunDiscreteScheduler"], // takes no levels of the pipeline's
  problems: fluxProblems,
  firstStep: flowFirstStep,
  sizes: fluxSizes,
  open: async (parts) => {
    checkFit(parts.configs);
    return fluxPipeline(parts, await FluxPromptEncoder.open(parts));
  },
});
