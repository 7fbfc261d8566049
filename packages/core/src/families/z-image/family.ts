import type { Sizes } from "../../graph/dim";
import { defineFamily } from "../../loop/define-family";
import { branchLatents, Denoiser, type DenoiserInputs, forRows, partsOf } from "../../loop/denoiser";
import type {
  Branch,
  Conditioning,
  Configs,
  FamilyParts,
  FamilyPipeline,
  ImageToImage,
  SettingProblem,
} from "../../loop/family";
import { flowFirstStep } from "../../loop/flow-first-step";
import { combine, limitNorm, negated } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import type { RunOptions } from "../../program/program";
import type { Generator } from "../../random";
import { shiftOfImage } from "../../schedulers/flow-shift";
import type { Schedule } from "../../schedulers/scheduler";
import type { Floats } from "../../tensor";
import {
  Autoencoder,
  autoencoderClasses,
  decodeSizes,
  scaleFactorOf,
  tilingProblems,
} from "../autoencoders/autoencoder";
import { qwen3 } from "../encoders/qwen3";
import { Qwen3Encoder } from "../encoders/qwen3-encoder";
import { zImageFiles } from "./files";
import { PATCH, type ZImageConfig, zImage } from "./model";
import { layOutSequence, longestCaption, paddedLength } from "./sequence";
import { type ZImageSettings, zImageSettings } from "./settings";

/** Prompt embeddings `[tokens, width]`, one an image. */
interface Captions extends Conditioning {
  readonly positive: readonly Floats[];
  readonly negative: readonly Floats[];
}

/** ZImagePipeline and ZImageImg2ImgPipeline, https://arxiv.org/abs/2511.22699, with diffusers' settings and defaults. */
export const zImageFamily = defineFamily({
  className: "ZImagePipeline",
  title: "Z-Image",
  singleFiles: zImageFiles,
  denoiser: "transformer",
  settings: zImageSettings,
  defaults: (_, fromImage) => ({
    num_inference_steps: 50,
    guidance_scale: 5,
    height: 1024,
    width: 1024,
    ...(fromImage ? { strength: 0.6 } : {}),
  }),
  firstStep: flowFirstStep,
  sizeMultiple: ({ vae }) => scaleFactorOf(vae) * PATCH,
  components: {
    text_encoder: {
      Qwen3ForCausalLM: { architecture: qwen3, entry: "encode" },
      Qwen3Model: { architecture: qwen3, entry: "encode" },
    },
    transformer: { ZImageTransformer2DModel: { architecture: zImage, entry: "forward" } },
    vae: autoencoderClasses,
  },
  unheeded: { vae: ["latents_mean", "latents_std"] },
  schedulers: ["FlowMatchEulerDiscreteScheduler", "UniPCMultistepScheduler", "DPMSolverMultistepScheduler"],
  problems: (configs, settings) => [...sizeProblems(configs, settings), ...tilingProblems(configs.vae, settings)],
  sizes: (configs, settings) => runSizes(configs, settings),
  open: async (parts) => new ZImagePipeline(parts, await Qwen3Encoder.open(parts)),
});

/** The image must fit into the model's positions. */
function sizeProblems(configs: Configs, { height, width }: ZImageSettings): SettingProblem[] {
  const { axes_lens } = configs.transformer as ZImageConfig;
  return Object.entries({ height, width }).flatMap(([key, side], axis): SettingProblem[] => {
    const most = axes_lens[axis + 1]! * scaleFactorOf(configs.vae) * PATCH;
    return side > most ? [{ key: key as "height", text: `must be <= ${most} for this model, found ${side}` }] : [];
  });
}

function runSizes(configs: Configs, settings: ZImageSettings): Readonly<Record<string, Sizes>> {
  const { height, width, guidance_scale, max_sequence_length } = settings;
  const factor = scaleFactorOf(configs.vae);
  const images = Math.max(1, imageCount(settings));
  const [h, w] = [height / factor / PATCH, width / factor / PATCH];
  const L = paddedLength(Math.min(max_sequence_length, longestCaption(configs.transformer as ZImageConfig)));
  return {
    text_encoder: { B: 1, T: max_sequence_length },
    transformer: { B: images * (guidance_scale > 0 ? 2 : 1), h, w, L, T: paddedLength(h * w) + L },
    vae: decodeSizes(configs.vae, settings),
  };
}

class ZImagePipeline implements FamilyPipeline<Captions> {
  private readonly config: ZImageConfig;
  private readonly autoencoder: Autoencoder;
  private readonly denoiser: Denoiser;
  readonly imageToImage: ImageToImage;

  constructor(
    parts: FamilyParts,
    private readonly textEncoder: Qwen3Encoder,
  ) {
    this.config = parts.configs.transformer as ZImageConfig;
    this.autoencoder = new Autoencoder(parts, "vae");
    this.denoiser = new Denoiser(parts, "transformer");
    this.imageToImage = this.autoencoder.imageToImage(flowFirstStep);
  }

  async encode(settings: ZImageSettings, signal?: AbortSignal): Promise<Captions> {
    const limit = Math.min(settings.max_sequence_length, longestCaption(this.config));
    const positive = await this.textEncoder.encode(settings.prompt, limit, signal);
    const negative =
      settings.guidance_scale > 0 ? await this.textEncoder.encode(settings.negative_prompt, limit, signal) : undefined;
    const repeated = (captions: readonly Floats[]): Floats[] =>
      captions.flatMap((caption) => new Array<Floats>(settings.num_images_per_prompt).fill(caption));
    return {
      positive: repeated(positive.hidden),
      negative: repeated(negative?.hidden ?? []),
      warnings: [...positive.warnings, ...(negative?.warnings ?? [])],
    };
  }

  noise(settings: ZImageSettings, generator: Generator): Floats {
    return this.autoencoder.noise(settings, this.config.in_channels, generator);
  }

  schedule(
    { num_inference_steps, sigmas, height, width }: ZImageSettings,
    scheduler: Readonly<Record<string, unknown>>,
  ): Schedule {
    const multiple = this.autoencoder.scaleFactor * PATCH;
    return {
      num_inference_steps,
      // From all noise down to 1 / steps: the last step lands on the image.
      sigmas: sigmas ?? Array.from({ length: num_inference_steps }, (_, i) => 1 - i / num_inference_steps),
      mu: shiftOfImage(scheduler, (height / multiple) * (width / multiple)),
    };
  }

  guidanceAt({ guidance_scale, cfg_truncation }: ZImageSettings, timestep: number): number {
    return cfg_truncation <= 1 && progress(timestep) > cfg_truncation ? 0 : guidance_scale;
  }

  predict(encoded: Captions, latents: Floats, timestep: number, branch: Branch, options: RunOptions): Promise<Floats> {
    const [, , height, width] = latents.shape as [number, number, number, number];
    const batch = branchLatents(branch, latents);
    const step = { latents: batch, timestep: forRows(batch.shape[0]!, progress(timestep)) };
    const sequence = (): DenoiserInputs => {
      const captions = partsOf(branch, encoded.positive, encoded.negative).flat();
      return { ...layOutSequence(this.config, captions, height, width) };
    };
    return this.denoiser.run(encoded, { step, constants: { [`${branch} ${latents.shape}`]: sequence } }, options);
  }

  guide({ cfg_normalization }: ZImageSettings, scale: number, cond: Floats, uncond?: Floats): Floats {
    if (!uncond) return negated(cond); // the model points from noise to image
    const prediction = combine(cond, uncond, (x, y) => x + scale * (x - y));
    return negated(cfg_normalization > 0 ? limitNorm(prediction, cond, cfg_normalization) : prediction);
  }

  estimate(input: Floats, prediction: Floats, sigma: number): Floats {
    return combine(input, prediction, (x, velocity) => x - sigma * velocity);
  }

  decode({ vae_tiling: tiling }: ZImageSettings, latents: Floats, signal?: AbortSignal): Promise<Floats> {
    return this.autoencoder.decode(latents, { tiling, signal });
  }
}

/** What the model is told: 0 at pure noise, 1 at the image. */
function progress(timestep: number): number {
  return (1000 - timestep) / 1000;
}
