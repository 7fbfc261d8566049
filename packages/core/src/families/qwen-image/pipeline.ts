import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline } from "../../loop/family";
import { joinPrompts } from "../../loop/join-inputs";
import { PACK, packLatents, unpackLatents } from "../blocks/packed-latents";
import { paddedStates } from "../encoders/padded-states";
import { flowLatents } from "../transformers/flow-latents";
import { flowSchedule } from "../transformers/flow-schedule";
import { isGuided, trueGuidanceUnused } from "../transformers/true-guidance";
import { withTokenLengths } from "./guidance";
import type { QwenImageConfig } from "./model";
import { rotaryTables } from "./positions";
import type { QwenImagePromptEncoder, QwenImagePrompts } from "./prompts";
import type { QwenImageSettings } from "./settings";
import { guidanceScaleUnused } from "./warnings";

interface QwenImageConditioning extends Conditioning {
  readonly positive: QwenImagePrompts;
  /** With guidance only. */
  readonly negative: QwenImagePrompts | undefined;
}

/** Qwen-Image, opened. Its latents are packed into tokens for the denoiser and for guidance. */
export function qwenImagePipeline(
  parts: FamilyParts,
  prompts: QwenImagePromptEncoder,
): FamilyPipeline<QwenImageConditioning> {
  const config = parts.configs.transformer as QwenImageConfig;
  const denoiser = new Denoiser(parts, "transformer");
  const latents = flowLatents(parts, config.in_channels / PACK ** 2);
  return {
    ...latents,
    encode: async (settings: QwenImageSettings, signal) => {
      const { prompt, negative_prompt } = settings;
      const positive = await prompts.encode(prompt, settings, signal);
      const negative = isGuided(settings) ? await prompts.encode(negative_prompt, settings, signal) : undefined;
      const unused = [...trueGuidanceUnused(settings), ...guidanceScaleUnused(settings)];
      return { positive, negative, warnings: [...positive.warnings, ...(negative?.warnings ?? []), ...unused] };
    },
    join: (encoded) => {
      const prompts = joinPrompts(encoded, joinEncoded);
      return prompts && { ...prompts, warnings: [] };
    },
    schedule: (settings, scheduler) => flowSchedule(settings, scheduler, latents.scaleFactor * PACK),
    guidanceAt: (settings: QwenImageSettings) => (isGuided(settings) ? settings.true_cfg_scale : 0),
    predict: async (encoded, sample, timestep, branch, options) => {
      const [, , height, width] = sample.shape as [number, number, number, number];
      const batch = branchLatents(branch, sample);
      const step = { hidden_states: packLatents(batch) };
      const time = { timestep, at: (t: number) => ({ timestep: forRows(batch.shape[0]!, t / 1000) }) };
      const constants = { [`${branch} ${sample.shape}`]: () => constantsOf(config, encoded, branch, height, width) };
      return unpackLatents(await denoiser.run(encoded, { step, time, constants }, options), height, width);
    },
    finish: (_, prediction, cond) => (cond ? withTokenLengths(prediction, cond) : prediction),
  };
}

/** Shorter prompts would be filled up, and their padding is not nothing to the denoiser's sums. */
function joinEncoded(prompts: readonly QwenImagePrompts[]): QwenImagePrompts | undefined {
  const hidden = prompts.flatMap((each) => each.hidden);
  return new Set(hidden.map(({ shape }) => shape[0])).size > 1 ? undefined : { hidden, warnings: [] };
}

/** What the denoiser takes in all steps. @param height of the latents @param width of the latents */
function constantsOf(
  config: QwenImageConfig,
  { positive, negative }: QwenImageConditioning,
  branch: Branch,
  height: number,
  width: number,
): DenoiserInputs {
  const { states, mask } = paddedStates(partsOf(branch, positive, negative).flatMap((prompts) => prompts!.hidden));
  const image = { frames: 1, height: height / PACK, width: width / PACK };
  return {
    encoder_hidden_states: states,
    encoder_hidden_states_mask: mask,
    ...rotaryTables(config, [image], states.shape[1]!),
  };
}
