import type { ArchitectureEntry } from "../architecture/architecture";
import type { Sizes } from "../graph/dim";
import type { GuidanceBranch } from "../hooks";
import type { PictureSize } from "../image/picture";
import type { Encode } from "../program/encodings";
import type { RunOptions, Runs } from "../program/program";
import type { Generator } from "../random";
import type { Runtime } from "../runtime/runtime";
import type { Process } from "../schedulers/process";
import type { Schedule } from "../schedulers/scheduler";
import type { JsonObject } from "../schema/json";
import type { SettingTable } from "../settings/setting";
import type { SettingProblem } from "../settings/setting-problem";
import type { Floats } from "../tensor";
import type { OpenTokenizer } from "../text/open-tokenizer";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { SingleFiles } from "../weights/single-file/known-files";
import type { ControlNetKind } from "./control-nets";
import type { SettingDefaults, Settings } from "./settings";

/** Parsed configs by component name, and as `model_index` what `model_index.json` says beside its components. */
export type Configs = Readonly<Record<string, unknown>>;

/** A family of pipelines: one class of `model_index.json`. */
export interface Family {
  readonly className: string;
  /** Other classes of `model_index.json` that the same components make up: those that only inpaint. */
  readonly aliases?: readonly string[];
  /** What people call its models: `Stable Diffusion 1.5, 2.1`. */
  readonly title?: string;
  /** Single files of its models, where they are recognised. */
  readonly singleFiles?: SingleFiles;
  /** What people call its models where LoRAs tell them apart further than `title`: `Stable Diffusion 2.1`. */
  loraTitle?(configs: Configs): string;
  /** The settings that it takes; all others are refused. */
  readonly settings: SettingTable;
  /** What it draws, where that is not the `prompt`; null for one that is not told what to draw. */
  readonly subject?: Subject | null;
  /** The setting that says how many images to draw of each subject; `num_images_per_prompt` when left out. */
  readonly imagesSetting?: string;
  /**
   * Settings where nothing is said; sizes may depend on the checkpoint.
   * @param fromImage whether the generation begins with an image, for which the reference has a pipeline of its own
   * @param inpaints whether a part of it that a mask shows is painted anew, for which it has another one
   */
  defaults(configs: Configs, fromImage: boolean, inpaints?: boolean): SettingDefaults;
  /** Pixels that height and width must be a multiple of. */
  sizeMultiple(configs: Configs): number;
  /** The component that run-time hooks wrap, and build-time hooks where a config says nothing else. */
  readonly denoiser: string;
  /** The components that text-to-image runs, and what each may be: architectures by the class in `model_index.json`. */
  readonly components: Readonly<Record<string, Readonly<Record<string, ArchitectureEntry>>>>;
  /** Those of them that a checkpoint may be without: null in `model_index.json`. */
  readonly optional?: readonly string[];
  /** What its ControlNets may be, where it takes some: components `controlnet`, `controlnet_1`, ... beside its own. */
  readonly controlNets?: ControlNetKind;
  /** What else `model_index.json` may say: components that are not run here, and options. */
  readonly others?: readonly string[];
  /** Options of a component's config that its pipeline in diffusers leaves out; warned of where they are set. */
  readonly unheeded?: Readonly<Record<string, readonly string[]>>;
  /**
   * Schedulers that it can use: the processes that its models were trained on, each of which stands for all schedulers
   * that sample from such models, plugins' as well; or class names. Any when left out.
   */
  readonly schedulers?: readonly (Process | (string & {}))[];
  /** Class names of those among them that it cannot use all the same. */
  readonly unfitSchedulers?: readonly string[];
  /** Defaults of scheduler options that its pipeline sets, for the schedulers that have them: `{ "eta": 0 }`. */
  readonly schedulerDefaults?: Readonly<JsonObject>;
  /** What its pipeline changes in the options that its checkpoint gives. */
  mendScheduler?(options: Readonly<JsonObject>): Readonly<JsonObject>;
  /** Told when a checkpoint is recognised. @throws SKIPSTEP_MODEL_OPTION for components that do not go together */
  checkFit?(configs: Configs): void;
  /** Whether the model was trained to inpaint and does nothing else. */
  needsMask?(configs: Configs): boolean;
  /** What is wrong with the settings, told before any weight is read. */
  problems(configs: Configs, settings: Settings): readonly SettingProblem[];
  /**
   * What settings come to that only ask: a height and a width that give the shape of an image. Of what it gives the same
   * must come out again.
   * @param settings filled in, and not checked yet
   */
  settle?(configs: Configs, settings: Settings): Partial<Settings>;
  /** Of those that look at images instead of beginning with one. */
  readonly references?: References;
  /** As `ImageToImage.firstStep`, where a part of a step counts as one; steps are cut down to whole ones when left out. */
  firstStep?(settings: Settings): number;
  /** Run-time sizes of each component's graph at these settings, the largest that occur; for estimates of memory. */
  sizes(configs: Configs, settings: Settings): Readonly<Record<string, Sizes>>;
  /** Makes the pipeline once all components are compiled. */
  open(parts: FamilyParts): Promise<FamilyPipeline>;
}

/** What a family makes of its setting `image`, where that is one or several images to look at. */
export interface References {
  /** Images of one generation. */
  readonly most: number;
  /** What is wrong with an image, or with one that is inpainted, in words that follow its name: `must be at least 64 pixels wide`. */
  problem(picture: PictureSize, configs: Configs, inpaints: boolean): string | undefined;
  /** The size of what is drawn by the first image, where nothing else is said; the family's `defaults` when left out. */
  drawn?(configs: Configs, picture: PictureSize): PictureSize;
}

/** A setting that says what to draw: a list, each entry of which is an image. */
export interface Subject {
  /** `class_labels` */
  readonly setting: string;
  /** What most models of the family can draw, for commands that try one. */
  readonly examples: readonly (string | number)[];
}

/** The setting that says how many images to draw of each subject. */
export function imagesSetting({ imagesSetting = "num_images_per_prompt" }: Pick<Family, "imagesSetting">): string {
  return imagesSetting;
}

/** What a family works with once everything is compiled. */
export interface FamilyParts {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  /** Open graphs and parsed configs by component name. */
  readonly programs: Readonly<Record<string, Runs>>;
  readonly configs: Configs;
  /** The tokenizer of a text encoder, which is freed with the runtime. */
  tokenizer(textEncoder: string): Promise<OpenTokenizer>;
  /** Runs a text encoder, or another function of one: what it gave for the same inputs before is remembered. */
  encoder(component: string, entry?: string): Encode;
  /** Opens another function of a component when it is first asked for: `entry("vae", "encode")`. */
  entry(component: string, entry: string): Promise<Runs>;
}

/** A pass over the denoiser: `batch` holds both guidance branches in one batch. */
export type Branch = "batch" | "cond" | "uncond";

/** By component: who did not tell timesteps before their passes. */
export type LateTimesteps = Map<string, "scheduler" | "pipeline">;

/** When the passes of a generation are. */
export interface Timetable {
  /** Timesteps of this pass and those behind it; nothing where the scheduler decides them as it goes. */
  readonly coming: readonly number[] | undefined;
  /** Told of components that computed with a pass what depends on its timestep alone, and who did not tell it before. */
  readonly late: LateTimesteps;
}

/** How a pass is run. */
export interface PassOptions extends Omit<RunOptions, "time" | "onUnknownTime"> {
  readonly timetable?: Timetable | undefined;
  /** Strength of each ControlNet at this step; 0 for one that does not run. */
  readonly control?: readonly number[];
}

/** Prompts turned into what the denoiser takes. Lives for one generation. */
export interface Conditioning {
  /** Lines for the report, such as prompts that were cut. */
  readonly warnings: readonly string[];
  /** What was found out and is no reason to worry: prompts in several chunks. */
  readonly notes?: readonly string[];
}

/** What one family does its own way; the loop around it is the same for all. */
export interface FamilyPipeline<Encoded extends Conditioning = Conditioning> {
  /** Turns prompts, or what else says what to draw, into what the denoiser takes; once a generation. */
  encode(settings: Settings, signal?: AbortSignal): Promise<Encoded>;
  /**
   * What several generations were encoded to, as one batch of them: each row what it is alone.
   * @param settings of any of them, which differ in what they draw alone
   * @returns nothing where that cannot be, because one of them would have to be filled up to another's length
   */
  join?(encoded: readonly Encoded[], settings: Settings): Encoded | undefined;
  /** Unit noise to start from, `[B, C, H, W]`. */
  noise(settings: Settings, generator: Generator): Floats;
  /** What the scheduler is asked for by the settings, such as steps, noise levels and `mu`. @param scheduler its options */
  schedule(settings: Settings, scheduler: Readonly<Record<string, unknown>>): Schedule;
  /** Guidance strength at a timestep; 0 runs the prompt's branch alone. */
  guidanceAt(settings: Settings, timestep: number): number;
  /** Runs the denoiser. @param latents `[B, C, H, W]` @returns `[B, C, H, W]`, for `batch` `[2B, C, H, W]`: prompt, then negative prompt */
  predict(encoded: Encoded, latents: Floats, timestep: number, branch: Branch, options: PassOptions): Promise<Floats>;
  /** What guidance sets out from: `base + scale (cond - uncond)`; `uncond` when left out. */
  readonly guidanceBase?: GuidanceBranch;
  /**
   * Makes of a step's prediction what the scheduler's `step` takes: brings it back to a spread or a length, turns it. As
   * it is when left out.
   * @param cond of the prompt alone, where the prediction was guided
   */
  finish?(settings: Settings, prediction: Floats, cond?: Floats): Floats;
  /**
   * The finished latents if this prediction were exact; for previews.
   * @param input what the model saw, as `scaleModelInput` gave it
   * @param predictionType of the scheduler's options; flow models have none
   */
  estimate(input: Floats, prediction: Floats, sigma: number, predictionType: unknown): Floats;
  /** What image-to-image takes, where the family has it. */
  readonly imageToImage?: ImageToImage;
  /** What inpainting takes, where the family has it. */
  readonly inpainting?: Inpainting<Encoded>;
  /**
   * Takes in the pictures of ControlNets, before noise is drawn; there where the family has `controlNets`.
   * @param pictures one a net, `[1, 3, H, W]`, -1..1
   * @returns `encoded` with what the nets are shown
   */
  takeControl?(
    encoded: Encoded,
    settings: Settings,
    pictures: readonly Floats[],
    generator: Generator,
    signal?: AbortSignal,
  ): Promise<Encoded>;
  /** @returns `[B, 3, H, W]` in -1..1 */
  decode(settings: Settings, latents: Floats, signal?: AbortSignal): Promise<Floats>;
}

/** Beginning with an image instead of noise. */
export interface ImageToImage {
  /** Inference step to begin at, 0-based. */
  firstStep(settings: Settings): number;
  /** Pixels that the image is brought to, where they are not the generation's. */
  size?(settings: Settings): Pick<Settings, "height" | "width">;
  /**
   * Latents of an image, scaled as the denoiser wants them.
   * @param image `[1, 3, H, W]`, -1..1
   * @param generator where the posterior is drawn from, before the noise
   */
  encode(settings: Settings, image: Floats, generator: Generator, signal?: AbortSignal): Promise<Floats>;
}

/**
 * Painting a part of an image anew, which a mask shows. The rest is kept by one of two: latents are blended with the
 * image's after each step, or the denoiser sees what it is to keep.
 */
export interface Inpainting<Encoded extends Conditioning = Conditioning> extends ImageToImage {
  /** Whether strength 1 begins with noise alone, however noisy the first step's level is. */
  readonly isNoiseAlone: boolean;
  /**
   * The mask that latents are blended by; of denoisers that see the mask there is none.
   * @param mask `[1, 1, H, W]`, 1 is painted anew, 0 is kept @returns `[1, 1, h, w]`, 0..1
   */
  blendMask?(mask: Floats): Floats;
  /**
   * Encodes the image without what is painted anew, after the noise was drawn; a family whose denoiser does not see it
   * draws as much of the generator as that would.
   * @param image as for `encode`, 0 where the mask is 1
   */
  encodeMasked?(
    settings: Settings,
    image: Floats,
    generator: Generator,
    signal?: AbortSignal,
  ): Promise<Floats | undefined>;
  /** With what the denoiser sees of image and mask. */
  see?(encoded: Encoded, seen: Inpainted): Encoded;
  /** What images are shrunk to before all else, where that is not their own size. */
  shrunk?(picture: PictureSize): PictureSize;
  /** Whether with `padding_mask_crop` the middle of what was drawn is put back, instead of all of it, scaled. */
  readonly isMiddlePasted?: boolean;
}

/** Of families whose denoiser sees nothing of image and mask. */
export type Blending = Omit<Inpainting, "see">;

/** An image that is painted anew in part. */
export interface Inpainted {
  /** `[1, 1, H, W]` in pixels, 1 is painted anew, 0 is kept. */
  readonly mask: Floats;
  /** What `encode` gave, `[1, C, h, w]`; missing where nothing needs it: no blending, and noise alone to begin with. */
  readonly image: Floats | undefined;
  /** What `encodeMasked` gave. */
  readonly masked: Floats | undefined;
}

export type { SettingProblem };
