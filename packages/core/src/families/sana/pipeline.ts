import type { FamilyParts } from "../../loop/family";
import { Gemma2Encoder } from "../encoders/gemma2-encoder";
import { drawPrompts, TransformerPipeline } from "../transformers/pipeline";
import { type Captions, captionInputs, encodeCaptions } from "./captions";
import { checkGuidance } from "./check-guidance";
import type { SanaConfig } from "./model";
import type { SanaSettings } from "./settings";
import { positionsOf, sanaBinning } from "./sizes";

/** SANA's pipeline: two passes with guidance, in one batch. */
export class SanaPipeline extends TransformerPipeline {
  /** @throws SKIPSTEP_MODEL_OPTION for a transformer of SANA-Sprint */
  static async open(parts: FamilyParts): Promise<SanaPipeline> {
    checkGuidance(parts, false);
    const encoder = await Gemma2Encoder.open(parts, "text_encoder");
    const config = parts.configs.transformer as SanaConfig;
    return new SanaPipeline(parts, {
      encode: (settings: SanaSettings, signal) => {
        const { prompt, negative_prompt, num_images_per_prompt: times, max_sequence_length: limit } = settings;
        const encode = (isNegative: boolean): Promise<Captions> =>
          isNegative
            ? encodeCaptions(encoder, negative_prompt, { limit, instruction: null }, signal)
            : encodeCaptions(encoder, prompt, { limit, instruction: settings.complex_human_instruction }, signal);
        return drawPrompts(settings, encode, (captions) => captionInputs(captions, times));
      },
      positions: positionsOf(config),
      size: (settings: SanaSettings) => sanaBinning.drawnSize(parts.configs, settings),
      schedule: ({ num_inference_steps, sigmas, timesteps }) => ({
        num_inference_steps,
        ...(sigmas ? { sigmas } : {}),
        ...(timesteps ? { timesteps } : {}),
      }),
      toldTimestep: (timestep) => timestep * config.timestep_scale,
    });
  }
}
