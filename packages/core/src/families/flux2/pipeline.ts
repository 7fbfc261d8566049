import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type { Branch, Conditioning, FamilyParts, FamilyPipeline, Inpainting } from "../../loop/family";
import { combine, stack } from "../../loop/guidance";
import { joinPrompts } from "../../loop/join-inputs";
import { imageCount } from "../../loop/settings";
import type { RunOptions } from "../../program/program";
import type { Generator } from "../../random";
import { linspace } from "../../schedulers/linspace";
import type { Schedule } from "../../schedulers/scheduler";
import { type Floats, floats, sizeOf } from "../../tensor";
import { Autoencoder } from "../autoencoders/autoencoder";
import { withReferences } from "../blocks/reference-tokens";
import { empiricalMu } from "./empirical-mu";
import { flux2Inpainting } from "./inpainting";
import { type Flux2Config, rotaryTables } from "./model";
import { imageOf, tokensOf, unpatched } from "./patches";
import { imagePositions, textPositions } from "./positions";
import type { Flux2PromptEncoder, Flux2Prompts } from "./prompts";
import { encodeReferences, type Flux2References, tokenPixels } from "./references";
import { type Flux2Settings, guidanceOf, isDistilled } from "./settings";
import { guidanceUnused } from "./warnings";

/** What the denoiser goes by. */
export interface Flux2Conditioning extends Conditioning {
  readonly positive: Flux2Prompts;
  /** Of the empty prompt, with guidance only. */
  readonly negative: Flux2Prompts | undefined;
  readonly references: Flux2References | undefined;
}

/** FLUX.2 klein, opened. Its latents are patches of 2 x 2 latent pixels of the autoencoder, `[B, 4 C, h, w]`. */
export class Flux2Pipeline implements FamilyPipeline<Flux2Conditioning> {
  private readonly config: Flux2Config;
  private readonly autoencoder: Autoencoder;
  private readonly denoiser: Denoiser;
  readonly inpainting: Inpainting<Flux2Conditioning>;

  constructor(
    private readonly parts: FamilyParts,
    private readonly prompts: Flux2PromptEncoder,
  ) {
    this.config = parts.configs.transformer as Flux2Config;
    this.autoencoder = new Autoencoder(parts, "vae");
    this.denoiser = new Denoiser(parts, "transformer");
    this.inpainting = flux2Inpainting(parts.configs, this.autoencoder);
  }

  async encode(settings: Flux2Settings, signal?: AbortSignal): Promise<Flux2Conditioning> {
    const { prompt, guidance_scale } = settings;
    const positive = await this.prompts.encode(prompt, settings, signal);
    const empty = prompt.map(() => "");
    const guided = guidanceOf(this.parts.configs, settings) > 0;
    const negative = guided ? await this.prompts.encode(empty, settings, signal) : undefined;
    const unused = isDistilled(this.parts.configs) && guidance_scale > 1 ? [guidanceUnused(guidance_scale)] : [];
    const references = await encodeReferences(this.parts.configs, this.autoencoder, settings, signal);
    return {
      positive,
      negative,
      references,
      warnings: [...positive.warnings, ...(negative?.warnings ?? []), ...unused],
    };
  }

  /** All prompts are as long as `max_sequence_length`. */
  join(encoded: readonly Flux2Conditioning[]): Flux2Conditioning | undefined {
    const prompts = joinPrompts(encoded, (all) => ({ hidden: stack(all.map(({ hidden }) => hidden)), warnings: [] }));
    return prompts && { ...prompts, references: undefined, warnings: [] };
  }

  noise(settings: Flux2Settings, generator: Generator): Floats {
    const [height, width] = this.tokens(settings);
    const shape = [imageCount(settings), this.config.in_channels, height, width];
    return floats(shape, generator.randn(sizeOf(shape)));
  }

  schedule(settings: Flux2Settings, scheduler: Readonly<Record<string, unknown>>): Schedule {
    const { num_inference_steps, sigmas } = settings;
    const [height, width] = this.tokens(settings);
    const mu = empiricalMu(height * width, num_inference_steps);
    // Schedulers of noise predictions space flows by themselves when they are told to, whatever is asked for.
    if (scheduler.use_flow_sigmas === true) return { num_inference_steps, mu };
    const own = linspace(1, 1 / num_inference_steps, num_inference_steps);
    return { num_inference_steps, mu, sigmas: sigmas ?? [...own] };
  }

  guidanceAt(settings: Flux2Settings): number {
    return guidanceOf(this.parts.configs, settings);
  }

  async predict(
    encoded: Flux2Conditioning,
    latents: Floats,
    timestep: number,
    branch: Branch,
    options: RunOptions,
  ): Promise<Floats> {
    const [, , height, width] = latents.shape as [number, number, number, number];
    const batch = branchLatents(branch, latents);
    const step = {
      hidden_states: withReferences(tokensOf(batch), encoded.references?.tokens),
    };
    const time = { timestep, at: (t: number) => ({ timestep: forRows(batch.shape[0]!, t / 1000) }) };
    const constants = { [`${branch} ${latents.shape}`]: () => this.steady(encoded, branch, height, width) };
    return imageOf(await this.denoiser.run(encoded, { step, time, constants }, options), height, width);
  }

  estimate(input: Floats, prediction: Floats, sigma: number): Floats {
    return combine(input, prediction, (x, velocity) => x - sigma * velocity);
  }

  decode({ vae_tiling: tiling }: Flux2Settings, latents: Floats, signal?: AbortSignal): Promise<Floats> {
    return this.autoencoder.decode(unpatched(latents), { tiling, signal });
  }

  /** Rows and columns of an image's tokens. */
  private tokens({ height, width }: Flux2Settings): [number, number] {
    const multiple = tokenPixels(this.parts.configs);
    return [height / multiple, width / multiple];
  }

  /** What no step changes. */
  private steady(
    { positive, negative, references }: Flux2Conditioning,
    branch: Branch,
    height: number,
    width: number,
  ): DenoiserInputs {
    const hidden = stack(partsOf(branch, positive, negative).map((prompts) => prompts!.hidden));
    const text = textPositions(hidden.shape[1]!);
    return {
      encoder_hidden_states: hidden,
      ...rotaryTables(this.config, text, imagePositions([{ height, width }, ...(references?.grids ?? [])])),
    };
  }
}
