import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline, Inpainting } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { joinInputs, joinPrompts } from "../../loop/join-inputs";
import { imageCount } from "../../loop/settings";
import { type Floats, floats } from "../../tensor";
import { PACK, packLatents, unpackLatents } from "../blocks/packed-latents";
import { type TokenGrid, withFeatures, withReferences } from "../blocks/reference-tokens";
import { isSteered } from "../control/settings";
import { flowLatents } from "../transformers/flow-latents";
import { flowSchedule } from "../transformers/flow-schedule";
import { isGuided, trueGuidanceUnused } from "../transformers/true-guidance";
import { latentChannels } from "./fit";
import { type FluxConfig, rotaryTables } from "./model";
import { AXES, imagePositions } from "./positions";
import type { FluxPromptEncoder, FluxPrompts } from "./prompts";
import type { FluxControlSettings, FluxSettings } from "./settings";
import { type FluxControl, FluxSteering, shownPictures } from "./steering";

/** Images that the denoiser looks at, as its tokens. */
export interface FluxReferences {
  /** `[n, R, C]`: of all images that are drawn, or of each of them in turn. */
  readonly tokens: Floats;
  readonly grid: TokenGrid;
}

/** What a pipeline does its own way whose model sees more than latents. */
export interface FluxVariant {
  /** What it makes of images to look at. */
  look?(settings: FluxSettings, signal?: AbortSignal): Promise<FluxReferences | undefined>;
  readonly inpainting?: Inpainting<FluxConditioning>;
}

export interface FluxConditioning extends Conditioning {
  readonly positive: FluxPrompts;
  /** With true guidance only. */
  readonly negative: FluxPrompts | undefined;
  readonly guidanceScale: number;
  readonly references: FluxReferences | undefined;
  /** What the denoiser sees in each token besides latents, `[1, X, D]`. */
  readonly features?: Floats;
  /** What each ControlNet is shown. */
  readonly control?: readonly FluxControl[];
}

/**
 * FLUX.1, opened. Its latents are packed into tokens for the denoiser only.
 * @param variant of models that see more; all others may begin with an image
 */
export function fluxPipeline(
  parts: FamilyParts,
  prompts: FluxPromptEncoder,
  variant?: FluxVariant,
): FamilyPipeline<FluxConditioning> {
  const config = parts.configs.transformer as FluxConfig;
  const denoiser = new Denoiser(parts, "transformer");
  const { imageToImage, inpainting, encodeEach, ...latents } = flowLatents(parts, latentChannels(parts.configs));
  const steering = isSteered(parts.configs) ? new FluxSteering(parts) : undefined;
  return {
    ...latents,
    ...(variant ? { ...(variant.inpainting && { inpainting: variant.inpainting }) } : { imageToImage, inpainting }),
    takeControl: async (encoded, settings, pictures, generator, signal) => {
      const shown: Floats[] = [];
      for (const picture of pictures)
        shown.push(await encodeEach(settings, picture, imageCount(settings), generator, signal));
      const { control_mode } = settings as FluxControlSettings;
      return { ...encoded, control: shownPictures(shown, [control_mode ?? []].flat()) };
    },
    encode: async (settings: FluxSettings, signal) => {
      const { prompt, prompt_2, negative_prompt, negative_prompt_2 } = settings;
      const guided = isGuided(settings);
      const positive = await prompts.encode(prompt, prompt_2, settings, signal);
      const negative = guided ? await prompts.encode(negative_prompt, negative_prompt_2, settings, signal) : undefined;
      // Fill takes no such settings.
      const takesGuidance = (settings as Partial<FluxSettings>).true_cfg_scale !== undefined;
      const unused = takesGuidance ? trueGuidanceUnused(settings) : [];
      return {
        positive,
        negative,
        guidanceScale: settings.guidance_scale,
        references: await variant?.look?.(settings, signal),
        warnings: [...positive.warnings, ...(negative?.warnings ?? []), ...unused],
      };
    },
    join: (encoded) => {
      const [{ guidanceScale }] = encoded as [FluxConditioning];
      const prompts = joinPrompts(encoded, joinEncoded);
      return prompts && { ...prompts, guidanceScale, references: undefined, warnings: [] };
    },
    schedule: (settings, scheduler) => flowSchedule(settings, scheduler, latents.scaleFactor * PACK),
    guidanceAt: (settings: FluxSettings) => (isGuided(settings) ? settings.true_cfg_scale : 0),
    predict: async (encoded, sample, timestep, branch, options) => {
      const [, , height, width] = sample.shape as [number, number, number, number];
      const batch = branchLatents(branch, sample);
      const step = {
        hidden_states: withReferences(withFeatures(packLatents(batch), encoded.features), encoded.references?.tokens),
      };
      const time = { timestep, at: (t: number) => ({ timestep: forRows(batch.shape[0]!, t / 1000) }) };
      const constants = { [`${branch} ${sample.shape}`]: () => constantsOf(config, encoded, branch, [height, width]) };
      const steered = await steering?.samples(
        encoded,
        {
          ...{ latents: sample, timestep, branch },
          constants: (net, extra) => constantsOf(net, encoded, "cond", [height, width], extra),
        },
        options,
      );
      const pass = { step, time, made: steered?.made, constants: { ...constants, ...steered?.constants } };
      return unpackLatents(await denoiser.run(encoded, pass, options), height, width);
    },
  };
}

function joinEncoded(prompts: readonly FluxPrompts[]): FluxPrompts | undefined {
  const joined = joinInputs(
    "cond",
    prompts.map(({ hidden, pooled }) => ({ hidden, pooled })),
  );
  return joined && { hidden: joined.hidden as Floats, pooled: joined.pooled as Floats, warnings: [] };
}

/** What the denoiser takes in all steps, or a ControlNet. @param extra text tokens before the prompt's */
function constantsOf(
  config: FluxConfig,
  { positive, negative, guidanceScale, references }: FluxConditioning,
  branch: Branch,
  [height, width]: readonly [number, number],
  extra = 0,
): DenoiserInputs {
  const prompts = partsOf(branch, positive, negative);
  const hidden = stack(prompts.map((prompt) => prompt.hidden));
  const [batch, tokens] = hidden.shape as [number, number];
  const drawn = { height: height / PACK, width: width / PACK };
  return {
    encoder_hidden_states: hidden,
    pooled_projections: stack(prompts.map((prompt) => prompt.pooled)),
    ...(config.guidance_embeds ? { guidance: forRows(batch, guidanceScale) } : {}),
    ...rotaryTables(
      config,
      floats([tokens + extra, AXES]),
      imagePositions([drawn, ...(references ? [references.grid] : [])]),
    ),
  };
}
