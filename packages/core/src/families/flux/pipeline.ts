import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { shiftOfImage } from "../../schedulers/flow-shift";
import { type Floats, floats } from "../../tensor";
import { PACK, packLatents, unpackLatents } from "../blocks/packed-latents";
import { flowLatents } from "../transformers/flow-latents";
import { flowSchedule } from "../transformers/flow-schedule";
import { isGuided, trueGuidanceUnused } from "../transformers/true-guidance";
import { type FluxConfig, rotaryTables } from "./model";
import type { FluxPromptEncoder, FluxPrompts } from "./prompts";
import type { FluxSettings } from "./settings";

/** Axes of a token's position: 0 for all, its row, its column. */
export const AXES = 3;

interface FluxConditioning extends Conditioning {
  readonly positive: FluxPrompts;
  /** With true guidance only. */
  readonly negative: FluxPrompts | undefined;
  readonly guidanceScale: number;
}

/** FLUX.1, opened. Its latents are packed into tokens for the denoiser only. */
export function fluxPipeline(parts: FamilyParts, prompts: FluxPromptEncoder): FamilyPipeline<FluxConditioning> {
  const config = parts.configs.transformer as FluxConfig;
  const denoiser = new Denoiser(parts, "transformer");
  const latents = flowLatents(parts, config.in_channels / PACK ** 2);
  return {
    ...latents,
    encode: async (settings: FluxSettings, signal) => {
      const { prompt, prompt_2, negative_prompt, negative_prompt_2 } = settings;
      const guided = isGuided(settings);
      const positive = await prompts.encode(prompt, prompt_2, settings, signal);
      const negative = guided ? await prompts.encode(negative_prompt, negative_prompt_2, settings, signal) : undefined;
      return {
        positive,
        negative,
        guidanceScale: settings.guidance_scale,
        warnings: [...positive.warnings, ...(negative?.warnings ?? []), ...trueGuidanceUnused(settings)],
      };
    },
    schedule: (settings, scheduler) => {
      const multiple = latents.scaleFactor * PACK;
      const mu = shiftOfImage(scheduler, (settings.height / multiple) * (settings.width / multiple));
      return flowSchedule(settings, scheduler, mu);
    },
    guidanceAt: (settings: FluxSettings) => (isGuided(settings) ? settings.true_cfg_scale : 0),
    predict: async (encoded, sample, timestep, branch, options) => {
      const [, , height, width] = sample.shape as [number, number, number, number];
      const batch = branchLatents(branch, sample);
      const step = { hidden_states: packLatents(batch), timestep: forRows(batch.shape[0]!, timestep / 1000) };
      const constants = { [`${branch} ${sample.shape}`]: () => constantsOf(config, encoded, branch, height, width) };
      return unpackLatents(await denoiser.run(encoded, { step, constants }, options), height, width);
    },
  };
}

/** What the denoiser takes in all steps. */
function constantsOf(
  config: FluxConfig,
  { positive, negative, guidanceScale }: FluxConditioning,
  branch: Branch,
  height: number,
  width: number,
): DenoiserInputs {
  const prompts = partsOf(branch, positive, negative);
  const hidden = stack(prompts.map((prompt) => prompt.hidden));
  const [batch, tokens] = hidden.shape as [number, number];
  return {
    encoder_hidden_states: hidden,
    pooled_projections: stack(prompts.map((prompt) => prompt.pooled)),
    ...(config.guidance_embeds ? { guidance: forRows(batch, guidanceScale) } : {}),
    ...rotaryTables(config, floats([tokens, AXES]), imagePositions(height, width)),
  };
}

/** @param height of the latents @param width of the latents @returns `[X, 3]` */
function imagePositions(height: number, width: number): Floats {
  const [rows, columns] = [height / PACK, width / PACK];
  const positions = floats([rows * columns, AXES]);
  for (let token = 0; token < rows * columns; token++)
    positions.data.set([0, Math.floor(token / columns), token % columns], token * AXES);
  return positions;
}
