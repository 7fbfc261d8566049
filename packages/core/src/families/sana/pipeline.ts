import type { Branch, FamilyParts } from "../../loop/family";
import type { RunOptions } from "../../program/program";
import type { Floats } from "../../tensor";
import { Gemma2Encoder } from "../encoders/gemma2-encoder";
import { type Drawn, drawPrompts, type TransformerMethods, TransformerPipeline } from "../transformers/pipeline";
import { type Captions, captionInputs, encodeCaptions } from "./captions";
import { checkGuidance } from "./check-guidance";
import type { SanaConfig } from "./model";
import type { SanaSettings } from "./settings";
import { positionsOf, sanaBinning } from "./sizes";

/** SANA's pipeline: two passes with guidance, in one batch. */
export class SanaPipeline extends TransformerPipeline {
  private readonly timestepScale: number;

  private constructor(parts: FamilyParts, methods: TransformerMethods) {
    super(parts, methods);
    this.timestepScale = (parts.configs.transformer as SanaConfig).timestep_scale;
  }

  /** @throws SKIPSTEP_MODEL_OPTION for a transformer of SANA-Sprint */
  static async open(parts: FamilyParts): Promise<SanaPipeline> {
    checkGuidance(parts, false);
    const encoder = await Gemma2Encoder.open(parts, "text_encoder");
    return new SanaPipeline(parts, {
      encode: (settings: SanaSettings, signal) => {
        const { prompt, negative_prompt, num_images_per_prompt: times, max_sequence_length: limit } = settings;
        const encode = (isNegative: boolean): Promise<Captions> =>
          isNegative
            ? encodeCaptions(encoder, negative_prompt, { limit, instruction: null }, signal)
            : encodeCaptions(encoder, prompt, { limit, instruction: settings.complex_human_instruction }, signal);
        return drawPrompts(settings, encode, (captions) => captionInputs(captions, times));
      },
      positions: positionsOf(parts.configs.transformer as SanaConfig),
      size: (settings: SanaSettings) => sanaBinning.drawnSize(parts.configs, settings),
      schedule: ({ num_inference_steps, sigmas, timesteps }) => ({
        num_inference_steps,
        ...(sigmas ? { sigmas } : {}),
        ...(timesteps ? { timesteps } : {}),
      }),
    });
  }

  override predict(
    encoded: Drawn,
    latents: Floats,
    timestep: number,
    branch: Branch,
    options: RunOptions,
  ): Promise<Floats> {
    return super.predict(encoded, latents, timestep * this.timestepScale, branch, options);
  }
}
