import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline } from "../../loop/family";
import { combine, stack } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import { shiftOfImage } from "../../schedulers/flow-shift";
import { type Floats, floats } from "../../tensor";
import { PACK, packLatents, unpackLatents } from "../blocks/packed-latents";
import { isSteered } from "../control/settings";
import { flowLatents } from "../transformers/flow-latents";
import { flowSchedule } from "../transformers/flow-schedule";
import { isGuided, trueGuidanceUnused } from "../transformers/true-guidance";
import { type FluxConfig, rotaryTables } from "./model";
import type { FluxPromptEncoder, FluxPrompts } from "./prompts";
import type { FluxSettings } from "./settings";
import { FluxSteering } from "./steering";

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
  const steering = isSteered(parts.configs) ? new FluxSteering(parts) : undefined;
  return {
    ...latents,
    takeControl: async (encoded, settings: FluxSettings, pictures, generator, signal) => {
      const shown: Floats[] = [];
      for (const picture of pictures)
        shown.push(await latents.encodeEach(settings, picture, imageCount(settings), generator, signal));
      steering!.show(encoded, shown, [settings.control_mode ?? []].flat());
    },
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
      const constants = { [`${branch} ${sample.shape}`]: () => constantsOf(config, encoded, branch, [height, width]) };
      const steered = await steering?.samples(
        encoded,
        {
          ...{ latents: sample, timestep: timestep / 1000, branch },
          constants: (net, extra) => constantsOf(net, encoded, "cond", [height, width], extra),
        },
        options,
      );
      const pass = { step, made: steered?.made, constants: { ...constants, ...steered?.constants } };
      return unpackLatents(await denoiser.run(encoded, pass, options), height, width);
    },
    guide: (_, scale, cond, uncond) => (uncond ? combine(cond, uncond, (x, y) => y + scale * (x - y)) : cond),
  };
}

/** What the denoiser takes in all steps, or a ControlNet. @param extra text tokens before the prompt's */
function constantsOf(
  config: FluxConfig,
  { positive, negative, guidanceScale }: FluxConditioning,
  branch: Branch,
  [height, width]: readonly [number, number],
  extra = 0,
): DenoiserInputs {
  const prompts = partsOf(branch, positive, negative);
  const hidden = stack(prompts.map((prompt) => prompt.hidden));
  const [batch, tokens] = hidden.shape as [number, number];
  return {
    encoder_hidden_states: hidden,
    pooled_projections: stack(prompts.map((prompt) => prompt.pooled)),
    ...(config.guidance_embeds ? { guidance: forRows(batch, guidanceScale) } : {}),
    ...rotaryTables(config, floats([tokens + extra, AXES]), imagePositions(height, width)),
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
