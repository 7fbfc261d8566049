import { modelOptions } from "../../errors/models";
import { resizeAndCrop } from "../../image/resize-and-crop";
import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import { estimateImage } from "../../loop/diffusion-estimate";
import type {
  Blending,
  Branch,
  Conditioning,
  FamilyParts,
  FamilyPipeline,
  ImageToImage,
  PassOptions,
} from "../../loop/family";
import { rows, stack } from "../../loop/guidance";
import { joinInputs } from "../../loop/join-inputs";
import type { Settings } from "../../loop/settings";
import type { Generator } from "../../random";
import { negativePromptUnguided } from "../../report/warnings";
import type { Schedule } from "../../schedulers/scheduler";
import { type Floats, floats } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { guidanceStrength, type PatchTransformerConfig } from "./settings";

/** What prompts or classes come to. */
export interface Drawn extends Conditioning {
  /** Inputs of the denoiser that say what to draw; one row an image of the branch. */
  inputs(branch: Branch): DenoiserInputs;
}

/**
 * Prompts and, with guidance, negative prompts.
 * @param encode the ones or the others, a row an image @param inputs of the denoiser, of what a branch draws
 */
export async function drawPrompts<Encoded extends Conditioning>(
  settings: Settings,
  encode: (isNegative: boolean) => Promise<Encoded>,
  inputs: (encoded: readonly Encoded[]) => DenoiserInputs,
): Promise<Drawn> {
  const positive = await encode(false);
  const negative = guidanceStrength(settings) > 0 ? await encode(true) : undefined;
  return {
    inputs: (branch) => inputs(partsOf(branch, positive, negative)),
    warnings: [...positive.warnings, ...(negative?.warnings ?? [])],
    notes: [...(positive.notes ?? []), ...(negative?.notes ?? [])],
  };
}

/** What each family does its own way. */
export interface TransformerMethods {
  /** As `FamilyPipeline.encode`: prompts, or what else says what to draw, turned into what the denoiser takes. */
  encode(settings: Settings, signal?: AbortSignal): Promise<Drawn>;
  /** The denoiser's `pos_embed`, `[1, T, D]`, where it has one; asked once a size. @param height latent rows @param width latent columns */
  positions(height: number, width: number): Floats | undefined;
  /** As `FamilyPipeline.schedule`: timesteps or noise levels by the settings and the scheduler's options. */
  schedule(settings: Settings, scheduler: Readonly<Record<string, unknown>>): Schedule;
  /** What the denoiser is told of the scheduler's timestep; that itself when left out. */
  toldTimestep?(timestep: number): number;
  /** Pixels to draw at, and to bring an image to that is begun with; what is drawn is brought to its own size at the end. The image's when left out. */
  size?(settings: Settings): Pick<Settings, "height" | "width">;
  /** Of families that can begin with an image: as `ImageToImage.firstStep`. */
  readonly firstStep?: ImageToImage["firstStep"];
  /** What of finished latents the decoder is given, where that is not what it was trained on. */
  decoded?(settings: Settings, latents: Floats): Floats;
}

/** A pipeline around a transformer over patches: Stable Diffusion 3, PixArt, DiT. */
export class TransformerPipeline implements FamilyPipeline<Drawn> {
  private readonly channels: number;
  private readonly autoencoder: Autoencoder;
  private readonly denoiser: Denoiser;
  /** By latent size. */
  private readonly positions = new Map<string, Floats>();
  readonly imageToImage?: ImageToImage;
  readonly inpainting?: Blending;

  /** @throws SKIPSTEP_MODEL_OPTION for a transformer whose output is no prediction of its input's shape */
  constructor(
    parts: FamilyParts,
    private readonly methods: TransformerMethods,
  ) {
    const { in_channels, out_channels } = parts.configs.transformer as PatchTransformerConfig;
    if (out_channels !== null && out_channels !== in_channels && out_channels !== 2 * in_channels)
      throw modelOptions(parts.checkpoint.component("transformer").className, [
        `"out_channels" must be ${in_channels} or ${2 * in_channels}, once or twice "in_channels", found ${out_channels}`,
      ]);
    this.channels = in_channels;
    this.autoencoder = new Autoencoder(parts, "vae");
    this.denoiser = new Denoiser(parts, "transformer");
    const { firstStep, size } = methods;
    if (!firstStep) return;
    this.imageToImage = { ...this.autoencoder.imageToImage(firstStep), ...(size ? { size } : {}) };
    this.inpainting = this.autoencoder.inpainting(firstStep, true);
  }

  async encode(settings: Settings, signal?: AbortSignal): Promise<Drawn> {
    const { inputs, warnings, notes = [] } = await this.methods.encode(settings, signal);
    const unused =
      settings.has_negative_prompt && this.guidanceAt(settings) === 0
        ? [negativePromptUnguided(settings.guidance_scale, false)]
        : [];
    return { inputs, warnings: [...warnings, ...unused], notes };
  }

  join(encoded: readonly Drawn[], settings: Settings): Drawn | undefined {
    const inputs = (branch: Branch): DenoiserInputs | undefined =>
      joinInputs(
        branch,
        encoded.map((each) => each.inputs(branch)),
      );
    const branches: readonly Branch[] = this.guidanceAt(settings) > 0 ? ["cond", "uncond", "batch"] : ["cond"];
    if (branches.some((branch) => !inputs(branch))) return undefined;
    return { inputs: (branch) => inputs(branch)!, warnings: [] };
  }

  noise(settings: Settings, generator: Generator): Floats {
    return this.autoencoder.noise(settings, this.channels, generator, this.methods.size?.(settings));
  }

  schedule(settings: Settings, scheduler: Readonly<Record<string, unknown>>): Schedule {
    return this.methods.schedule(settings, scheduler);
  }

  guidanceAt(settings: Settings): number {
    return guidanceStrength(settings);
  }

  async predict(
    encoded: Drawn,
    latents: Floats,
    timestep: number,
    branch: Branch,
    options: PassOptions,
  ): Promise<Floats> {
    const [, , height, width] = latents.shape as [number, number, number, number];
    const batch = branchLatents(branch, latents);
    const { toldTimestep = (t: number) => t } = this.methods;
    const time = { timestep, at: (t: number) => ({ timestep: forRows(batch.shape[0]!, toldTimestep(t)) }) };
    const constants = {
      [branch]: () => encoded.inputs(branch),
      [`${height} ${width}`]: () => this.positionsOf(height, width),
    };
    const pass = { step: { hidden_states: batch }, time, constants };
    return firstChannels(await this.denoiser.run(encoded, pass, options), this.channels);
  }

  estimate(input: Floats, prediction: Floats, sigma: number, predictionType: unknown): Floats {
    return estimateImage(input, prediction, sigma, predictionType);
  }

  async decode(settings: Settings, latents: Floats, signal?: AbortSignal): Promise<Floats> {
    const finished = this.methods.decoded?.(settings, latents) ?? latents;
    const image = await this.autoencoder.decode(finished, { tiling: settings.vae_tiling, signal });
    return resizeAndCrop(image, settings.height, settings.width);
  }

  private positionsOf(height: number, width: number): DenoiserInputs {
    const key = `${height} ${width}`;
    const positions = this.positions.get(key) ?? this.methods.positions(height, width);
    if (!positions) return {};
    this.positions.set(key, positions);
    return { pos_embed: positions };
  }
}

/** The noise, without the variance that a model may have learned beside it. @param sample `[B, C or more, H, W]` */
function firstChannels(sample: Floats, channels: number): Floats {
  const [batch, found, height, width] = sample.shape as [number, number, number, number];
  if (found === channels) return sample;
  const items = Array.from({ length: batch }, (_, item) => rows(sample, item, item + 1).data);
  return stack(items.map((data) => floats([1, channels, height, width], data.subarray(0, channels * height * width))));
}
