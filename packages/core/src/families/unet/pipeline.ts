import { concat } from "../../loop/concat";
import { branchLatents, Denoiser, forRows, partsOf } from "../../loop/denoiser";
import { estimateImage } from "../../loop/diffusion-estimate";
import { diffusionFirstStep } from "../../loop/diffusion-first-step";
import type {
  Branch,
  Conditioning,
  FamilyParts,
  FamilyPipeline,
  ImageToImage,
  Inpainting,
  PassOptions,
} from "../../loop/family";
import { repeatRows, rescaleSpread, stack } from "../../loop/guidance";
import { joinInputs, joinPrompts } from "../../loop/join-inputs";
import { imageCount } from "../../loop/settings";
import type { Generator } from "../../random";
import { negativePromptUnguided } from "../../report/warnings";
import type { Schedule } from "../../schedulers/scheduler";
import type { Floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { isSteered } from "../control/settings";
import { guidanceEmbedding } from "./guidance-embedding";
import { latentChannels, unetInpainting } from "./inpainting";
import type { UNetSettings } from "./settings";
import { type UNetControl, UNetSteering } from "./steering";
import type { UNet2DConditionConfig } from "./unet-2d-condition-config";

/** Inputs of the U-Net that say what to draw, by name; one row a prompt: `encoder_hidden_states` `[B, T, D]`. */
export type PromptInputs = Readonly<Record<string, Floats>>;

/** What prompts come to. */
export interface EncodedPrompts {
  readonly cond: PromptInputs;
  /** Of the negative prompts, with guidance. */
  readonly uncond?: PromptInputs | undefined;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** Prompts through the text encoders: what each family does its own way. @param guided whether guidance is on */
export type EncodePrompts = {
  encode(settings: UNetSettings, guided: boolean, signal?: AbortSignal): Promise<EncodedPrompts>;
}["encode"]; // a method, so that a family may ask for its own settings

/** What the U-Net sees: `EncodedPrompts` with one row an image. */
export interface Seen extends Conditioning, EncodedPrompts {
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Channels behind those of the latents, the same for all images: `[1, X, h, w]`. */
  readonly beside?: Floats;
  readonly control?: UNetControl;
}

/** A pipeline around UNet2DConditionModel: Stable Diffusion 1, 2 and XL. */
export class UNetPipeline implements FamilyPipeline<Seen> {
  private readonly config: UNet2DConditionConfig;
  private readonly autoencoder: Autoencoder;
  private readonly denoiser: Denoiser;
  private readonly steering: UNetSteering | undefined;
  readonly imageToImage: ImageToImage;
  readonly inpainting: Inpainting<Seen>;

  constructor(
    private readonly parts: FamilyParts,
    private readonly encodePrompts: EncodePrompts,
  ) {
    this.config = parts.configs.unet as UNet2DConditionConfig;
    this.autoencoder = new Autoencoder(parts, "vae");
    this.denoiser = new Denoiser(parts, "unet");
    this.steering = isSteered(parts.configs) ? new UNetSteering(parts, this.config) : undefined;
    this.imageToImage = this.autoencoder.imageToImage(diffusionFirstStep);
    this.inpainting = unetInpainting(parts.configs, this.autoencoder, diffusionFirstStep);
  }

  async encode(settings: UNetSettings, signal?: AbortSignal): Promise<Seen> {
    const encoded = await this.encodePrompts(settings, this.guidanceAt(settings) > 0, signal);
    const { cond, uncond, warnings, notes } = encoded;
    const forImages = (inputs: PromptInputs): PromptInputs =>
      Object.fromEntries(
        Object.entries(inputs).map(([name, rows]) => [name, repeatRows(rows, settings.num_images_per_prompt)]),
      );
    const { time_cond_proj_dim } = this.config;
    const strength =
      time_cond_proj_dim === null
        ? {}
        : { timestep_cond: guidanceEmbedding(settings.guidance_scale - 1, time_cond_proj_dim, imageCount(settings)) };
    return {
      cond: { ...forImages(cond), ...strength },
      uncond: uncond && forImages(uncond),
      warnings: [...warnings, ...this.unused(settings)],
      notes,
    };
  }

  join(encoded: readonly Seen[]): Seen | undefined {
    const prompts = joinPrompts(
      encoded.map(({ cond, uncond }) => ({ positive: cond, negative: uncond })),
      (all) => joinInputs("cond", all) as PromptInputs | undefined,
    );
    return prompts && { cond: prompts.positive, uncond: prompts.negative, warnings: [], notes: [] };
  }

  noise(settings: UNetSettings, generator: Generator): Floats {
    return this.autoencoder.noise(settings, latentChannels(this.parts.configs), generator);
  }

  schedule({ num_inference_steps, sigmas, timesteps }: UNetSettings): Schedule {
    return { num_inference_steps, ...(sigmas ? { sigmas } : {}), ...(timesteps ? { timesteps } : {}) };
  }

  /** Strength 1 is the prompt's own prediction; distilled models take the strength as an input. */
  guidanceAt({ guidance_scale }: UNetSettings): number {
    return guidance_scale > 1 && this.config.time_cond_proj_dim === null ? guidance_scale : 0;
  }

  async takeControl(encoded: Seen, { guess_mode }: UNetSettings, pictures: readonly Floats[]): Promise<Seen> {
    return { ...encoded, control: this.steering!.shown(pictures, guess_mode) };
  }

  async predict(
    encoded: Seen,
    latents: Floats,
    timestep: number,
    branch: Branch,
    options: PassOptions,
  ): Promise<Floats> {
    const sample = withBeside(branchLatents(branch, latents), encoded.beside);
    const time = { timestep, at: (t: number) => ({ timestep: forRows(sample.shape[0]!, t) }) };
    const prompt = (of: Branch): PromptInputs => promptInputs(encoded, of);
    const constants = { [branch]: () => prompt(branch) };
    const residuals = await this.steering?.residuals(encoded, { latents, timestep, branch, prompt }, options);
    const pass = {
      step: { sample },
      time,
      made: residuals?.made,
      constants: { ...constants, ...residuals?.constants },
    };
    return this.denoiser.run(encoded, pass, options);
  }

  finish({ guidance_rescale: share }: UNetSettings, prediction: Floats, cond?: Floats): Floats {
    return cond && share > 0 ? rescaleSpread(prediction, cond, share) : prediction;
  }

  estimate(input: Floats, prediction: Floats, sigma: number, predictionType: unknown): Floats {
    return estimateImage(input, prediction, sigma, predictionType);
  }

  decode({ vae_tiling: tiling }: UNetSettings, latents: Floats, signal?: AbortSignal): Promise<Floats> {
    return this.autoencoder.decode(latents, { tiling, signal });
  }

  private unused(settings: UNetSettings): string[] {
    const unguided = settings.has_negative_prompt && this.guidanceAt(settings) === 0;
    return unguided ? [negativePromptUnguided(settings.guidance_scale, this.config.time_cond_proj_dim !== null)] : [];
  }
}

function withBeside(latents: Floats, beside: Floats | undefined): Floats {
  if (!beside) return latents;
  return concat([latents, stack(new Array<Floats>(latents.shape[0]!).fill(beside))], 1);
}

function promptInputs({ cond, uncond }: Seen, branch: Branch): PromptInputs {
  const parts = partsOf(branch, cond, uncond);
  return Object.fromEntries(Object.keys(parts[0]!).map((name) => [name, stack(parts.map((part) => part[name]!))]));
}
