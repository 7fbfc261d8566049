import { concat } from "../../loop/concat";
import { defineFamily } from "../../loop/define-family";
import type { Configs, FamilyParts } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import { ofTextEncoder } from "../../report/warnings";
import { type Floats, floats } from "../../tensor";
import { isSteered } from "../control/settings";
import { clipText, clipTextWithProjection } from "../encoders/clip-text";
import { type ClipEncoding, ClipPrompts } from "../prompts/clip-prompts";
import { promptRules } from "../prompts/prompt-settings";
import { stableDiffusionXlNets } from "./control-nets";
import { stableDiffusionXlFiles } from "./identify";
import { type EncodePrompts, type PromptInputs, UNetPipeline } from "./pipeline";
import { trainedSize, unetComponents, unetFamily, unetProblems, unetSizes } from "./settings";
import { type XlSettings, xlSettings } from "./xl-settings";

/** Options of its pipelines that model_index.json may have. */
const xlOptions = ["force_zeros_for_empty_prompt", "add_watermarker", "requires_aesthetics_score"];

const textEncoders = ["text_encoder", "text_encoder_2"] as const;

/**
 * StableDiffusionXLPipeline and StableDiffusionXLImg2ImgPipeline, https://arxiv.org/abs/2307.01952, with diffusers'
 * settings and defaults. No watermark is drawn.
 */
export const stableDiffusionXlFamily = defineFamily({
  ...unetFamily,
  className: "StableDiffusionXLPipeline",
  aliases: ["StableDiffusionXLInpaintPipeline"],
  title: "Stable Diffusion XL",
  singleFiles: stableDiffusionXlFiles,
  settings: xlSettings,
  defaults: (configs, fromImage, inpaints) => ({
    num_inference_steps: 50,
    guidance_scale: inpaints && !isSteered(configs) ? 7.5 : 5,
    ...trainedSize(configs, 128),
    ...(fromImage ? (inpaints ? { strength: 0.9999 } : beginning(configs)) : {}),
  }),
  components: { text_encoder: clipText, text_encoder_2: clipTextWithProjection, ...unetComponents },
  controlNets: stableDiffusionXlNets,
  others: ["image_encoder", "feature_extractor", ...xlOptions],
  unheeded: { vae: ["shift_factor"] },
  problems: (configs, settings) => unetProblems(configs, settings, textEncoders, "penultimate"),
  sizes: (configs, settings) => unetSizes(configs, settings, textEncoders),
  open: async (parts) => new UNetPipeline(parts, await encodePrompts(parts)),
});

/** Of the pipelines that begin with an image. */
function beginning(configs: Configs): Partial<Settings> {
  return isSteered(configs) ? { strength: 0.8, controlnet_conditioning_scale: 0.8 } : { strength: 0.3 };
}

async function encodePrompts(parts: FamilyParts): Promise<EncodePrompts> {
  const prompts = await ClipPrompts.open(parts, textEncoders, "penultimate");
  const { force_zeros_for_empty_prompt: zeros = true } = parts.checkpoint.options;
  return async (settings: XlSettings, guided, signal) => {
    const { prompt, prompt_2, negative_prompt, negative_prompt_2, clip_skip: clipSkip } = settings;
    const isZero = guided && Boolean(zeros) && !settings.has_negative_prompt;
    const branches = [
      { texts: [prompt, prompt_2], clipSkip },
      ...(guided && !isZero ? [{ texts: [negative_prompt, negative_prompt_2] }] : []), // the reference skips no layer here
    ];
    const encodings = await prompts.encode(branches, promptRules(settings), signal);
    const [cond, uncond] = encodings.map((encoding) => promptInputs(settings, encoding));
    return {
      cond: cond!,
      uncond: isZero ? { ...cond!, ...zeroed(cond!, ["encoder_hidden_states", "text_embeds"]) } : uncond,
      warnings: encodings.flatMap(warningsOf),
      notes: [...new Set(encodings.flat().flatMap(({ notes }) => notes))],
    };
  };
}

/** Hidden states of both encoders side by side, the pooled state of the second, and the sizes. */
function promptInputs(settings: XlSettings, encodings: readonly ClipEncoding[]): PromptInputs {
  const hidden = concat(
    encodings.map((encoding) => encoding.hidden),
    2,
  );
  return {
    encoder_hidden_states: hidden,
    text_embeds: encodings.at(-1)!.pooled,
    time_ids: sizeIds(settings, hidden.shape[0]!),
  };
}

/** What the model is told of the picture: its size, the crop's place, the size to aim at. @returns `[prompts, 6]` */
function sizeIds(
  { height, width, original_size, crops_coords_top_left, target_size }: XlSettings,
  count: number,
): Floats {
  const size = [height, width];
  const ids = [...(original_size ?? size), ...crops_coords_top_left, ...(target_size ?? size)];
  return floats(
    [count, ids.length],
    Float32Array.from({ length: count * ids.length }, (_, i) => ids[i % ids.length]!),
  );
}

/** Without a negative prompt the model was trained on zeros. */
function zeroed(inputs: PromptInputs, names: readonly string[]): PromptInputs {
  return Object.fromEntries(names.map((name) => [name, floats(inputs[name]!.shape)]));
}

function warningsOf(encodings: readonly ClipEncoding[]): string[] {
  return encodings.flatMap(({ warnings }, i) => ofTextEncoder(textEncoders[i]!, warnings));
}
