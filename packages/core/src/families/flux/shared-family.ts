import type { FamilyDefinition } from "../../loop/define-family";
import type { Configs, FamilyParts, FamilyPipeline, SettingProblem } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import { autoencoderClasses, scaleFactorOf, tilingProblems } from "../autoencoders/autoencoder";
import { clipText } from "../encoders/clip-text";
import { longPromptProblems } from "../encoders/settings";
import { t5Encoder } from "../encoders/t5";
import { flux } from "./model";
import { type FluxVariant, fluxPipeline } from "./pipeline";
import { FluxPromptEncoder } from "./prompts";
import type { fluxSettings } from "./settings";
import { tokenPixels } from "./sizes";

/** What the pipelines around FLUX.1's models have in common. */
export const shared = {
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

/** Steps and sides where nothing is said. */
export function usual(configs: Configs): { num_inference_steps: number; height: number; width: number } {
  const side = 128 * scaleFactorOf(configs.vae);
  return { num_inference_steps: 28, height: side, width: side };
}

export function problems(configs: Configs, settings: Settings): SettingProblem[] {
  return [...longPromptProblems(settings), ...tilingProblems(configs.vae, settings)];
}

/** @param check throws where the models do not fit together */
export async function opened(
  parts: FamilyParts,
  check: (configs: Configs) => void,
  variant?: FluxVariant,
): Promise<FamilyPipeline> {
  check(parts.configs);
  return fluxPipeline(parts, await FluxPromptEncoder.open(parts), variant);
}
