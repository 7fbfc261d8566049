import { modelOptions } from "../../errors/models";
import type { Sizes } from "../../graph/dim";
import { defineFamily } from "../../loop/define-family";
import type { Configs } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { autoencoderClasses, decodeSizes, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { PACK } from "../blocks/packed-latents";
import { clipText } from "../encoders/clip-text";
import { longPromptProblems, textSizes } from "../encoders/settings";
import { t5Encoder } from "../encoders/t5";
import { largestBatch } from "../transformers/true-guidance";
import { fluxFiles } from "./files";
import { type FluxConfig, flux } from "./model";
import { AXES, fluxPipeline } from "./pipeline";
import { FluxPromptEncoder } from "./prompts";
import { type FluxSettings, fluxSettings } from "./settings";

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
  defaults: ({ vae }, fromImage) => ({
    num_inference_steps: 28,
    height: 128 * scaleFactorOf(vae),
    width: 128 * scaleFactorOf(vae),
    ...(fromImage ? { guidance_scale: 7, strength: 0.6 } : { guidance_scale: 3.5 }),
  }),
  sizeMultiple: ({ vae }) => scaleFactorOf(vae) * PACK,
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
  problems: (configs, settings) => [...longPromptProblems(settings), ...tilingProblems(configs.vae, settings)],
  firstStep: flowFirstStep,
  sizes: (configs, settings) => runSizes(configs, settings),
  open: async (parts) => {
    checkFit(parts.configs);
    return fluxPipeline(parts, await FluxPromptEncoder.open(parts));
  },
});

function runSizes(configs: Configs, settings: FluxSettings): Readonly<Record<string, Sizes>> {
  const { height, width, max_sequence_length: S } = settings;
  const factor = scaleFactorOf(configs.vae);
  const [h, w] = [height / factor, width / factor];
  return {
    ...textSizes(configs, settings, ["text_encoder", "text_encoder_2"]),
    transformer: { B: largestBatch(settings), S, T: S + (h / PACK) * (w / PACK) },
    vae: decodeSizes(configs.vae, settings),
  };
}

/** The denoiser must take what its latents are packed into, and positions on the axes that they have. */
function checkFit({ transformer, vae }: Configs): void {
  const { in_channels, axes_dims_rope } = transformer as FluxConfig;
  const features = (vae as { latent_channels: number }).latent_channels * PACK ** 2;
  const problems = [
    ...(in_channels === features
      ? []
      : [`"in_channels" must be ${PACK ** 2} times "latent_channels" of the VAE (${features}), found ${in_channels}`]),
    ...(axes_dims_rope.length === AXES
      ? []
      : [`"axes_dims_rope" must have ${AXES} entries, found ${axes_dims_rope.length}`]),
  ];
  if (problems.length > 0) throw modelOptions(flux.className, problems);
}
