import { forRows } from "../../loop/denoiser";
import type { Branch, FamilyParts, PassOptions } from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { combine } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import { scmTimesteps } from "../../schedulers/scm";
import { type Floats, floats } from "../../tensor";
import { Gemma2Encoder } from "../encoders/gemma2-encoder";
import { type Drawn, TransformerPipeline } from "../transformers/pipeline";
import { captionInputs, encodeCaptions } from "./captions";
import { checkGuidance } from "./check-guidance";
import type { SanaConfig } from "./model";
import type { SanaSprintSettings } from "./settings";
import { positionsOf, sprintBinning } from "./sizes";

/** SANA-Sprint's pipeline: one pass, which is told how strongly to follow the prompt. */
export class SanaSprintPipeline extends TransformerPipeline {
  /** @throws SKIPSTEP_MODEL_OPTION for a transformer of SANA */
  static async open(parts: FamilyParts): Promise<SanaSprintPipeline> {
    checkGuidance(parts, true);
    const encoder = await Gemma2Encoder.open(parts, "text_encoder");
    const config = parts.configs.transformer as SanaConfig;
    return new SanaSprintPipeline(parts, {
      encode: async (settings: SanaSprintSettings, signal) => {
        const { prompt, num_images_per_prompt: times, max_sequence_length: limit } = settings;
        const instruction = settings.complex_human_instruction;
        const positive = await encodeCaptions(encoder, prompt, { limit, instruction }, signal);
        const guidance = forRows(imageCount(settings), settings.guidance_scale * config.guidance_embeds_scale);
        return {
          inputs: () => ({ ...captionInputs([positive], times), guidance }),
          warnings: positive.warnings,
        };
      },
      positions: positionsOf(config),
      size: (settings: SanaSprintSettings) => sprintBinning.drawnSize(parts.configs, settings),
      schedule: (settings: SanaSprintSettings) => {
        const { num_inference_steps: steps, max_timesteps, intermediate_timesteps } = settings;
        const timesteps = settings.timesteps ?? [...scmTimesteps(steps, max_timesteps, intermediate_timesteps)];
        return { num_inference_steps: steps, timesteps };
      },
      toldTimestep: noiseShare,
      firstStep: flowFirstStep,
    });
  }

  override guidanceAt(): number {
    return 0;
  }

  /**
   * The model was trained on straight flows, and is turned into one of trigonometric flows,
   * https://arxiv.org/abs/2503.09641, section 3.2.
   * @param latents in units of the data's deviation @param angle 0 at the image, a quarter turn at pure noise
   */
  override async predict(
    encoded: Drawn,
    latents: Floats,
    angle: number,
    branch: Branch,
    options: PassOptions,
  ): Promise<Floats> {
    const share = noiseShare(angle);
    const length = Math.hypot(share, 1 - share);
    const straight = floats(
      latents.shape,
      latents.data.map((x) => x * length),
    );
    const velocity = await super.predict(encoded, straight, angle, branch, options);
    const [ofInput, ofOutput] = [(1 - 2 * share) / length, (1 - 2 * share + 2 * share ** 2) / length];
    return combine(straight, velocity, (x, v) => ofInput * x + ofOutput * v);
  }
}

/** How much of a straight flow's sample is noise, at the angle of a trigonometric one. */
function noiseShare(angle: number): number {
  return Math.sin(angle) / (Math.cos(angle) + Math.sin(angle));
}
