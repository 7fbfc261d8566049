import type { JSONSchemaType } from "ajv";
import type { PluginReport } from "../report/report";
import type { WeightFormat } from "../weights/formats/weight-format";
import type { AnyQuantizer } from "./quantizer";

/** A list of equal blocks in a model, in the order in which they run. */
export interface BlockList {
  /** The checkpoint's name for it: `layers`, `transformer_blocks`. */
  readonly name: string;
  readonly count: number;
}

/** What plugins may know of a denoiser before anything is loaded. */
export interface Structure {
  /** The class in `model_index.json`: `ZImageTransformer2DModel`. */
  readonly className: string;
  readonly features: readonly Feature[];
  /** Names of all components of the pipeline, the denoiser's among them. */
  readonly components?: readonly string[];
  /** Blocks that run one after the other on the same streams. Empty for a U-Net. */
  readonly lists: readonly BlockList[];
  /** Scope names of all blocks in `lists`, in the order in which they run: `layers.0`, `layers.1`, ... */
  readonly blocks: readonly string[];
  /** Branches of all blocks in running order, present when `features` has `block-branches`. */
  readonly branches?: readonly BlockBranch[];
  /** Present when `features` has `unet`. */
  readonly unet?: UNetStructure;
  /** What reads its weights, where that is a plugin: `gguf`. They are quantized then. */
  readonly weightFormat?: string;
}

/** A part of a block whose output is scaled by a gate and added: what its scopes compute, before the gate. */
export interface BlockBranch {
  /** Scope name of its block: `transformer_blocks.3`. */
  readonly block: string;
  /** `parallel` is an attention and a feed forward that share one output. Cross-attention without a gate is none. */
  readonly kind: "attention" | "feed-forward" | "parallel";
  /** First and last scope, both included. */
  readonly from: string;
  readonly to: string;
}

/** How a U-Net's layers pair up: what enters a down layer, the layer of the mirrored up block reads again. */
export interface UNetStructure {
  /** From the full resolution down. */
  readonly levels: readonly UNetLevel[];
  /** Scope of the block between down and up: `mid_block`. A model may have none. */
  readonly middle: string | null;
}

export interface UNetLevel {
  /** Layers of the down block, in running order. The downsampler, where there is one, is the last layer. */
  readonly down: readonly UNetLayer[];
  /** Layers of the up block at the same resolution, in running order. The upsampler, where there is one, ends the last layer. */
  readonly up: readonly UNetLayer[];
}

/** Scopes that run one after the other: `down_blocks.0.resnets.1`, `down_blocks.0.attentions.1`. */
export type UNetLayer = readonly string[];

/** What a plugin may ask of a model. */
export type Feature = "block-list" | "block-branches" | "unet";

/** A region as a plugin asks for it: from the first scope's begin to the last scope's end, or up to another's begin. */
export interface RegionRequest {
  readonly name: string;
  readonly from: string;
  /** `from` when left out. */
  readonly to?: string;
  /** In place of `to`: the scope before whose begin it ends. */
  readonly until?: string;
  /** True for a region that takes in what only it reads. */
  readonly lean?: boolean;
}

/** What a plugin says of itself. Checked when a pipeline is assembled, before any weight is read. */
export interface Manifest<Options> {
  /** Short and unique: `fbcache`. */
  readonly name: string;
  /** The method in one sentence, for `skipstep plugins`. */
  readonly description: string;
  /** JSON Schema of the options, with a default for each. */
  readonly options: JSONSchemaType<Options>;
  /** The regions that `blockForward` wraps. */
  readonly regions?: (structure: Structure, options: Options) => readonly RegionRequest[];
  /** Names of plugins that cannot stand beside this one. */
  readonly conflicts?: readonly string[];
  /** What the denoiser must have. */
  readonly requires?: readonly Feature[];
  /** Ways to store weights that it reads and core does not. The first plugin that knows a file's format opens it. */
  readonly weightFormats?: readonly WeightFormat[];
  /** How it writes weights, for `skipstep quantize`. */
  readonly quantizer?: AnyQuantizer;
  /** True when it decides which blocks run; a denoiser takes one such plugin at most. */
  readonly decides?: boolean;
  /** Options that `skipstep tune` may set, the one that matters most first. */
  readonly tunes?: { readonly [Option in keyof Options]?: TuneRange };
  /** Values below which it reuses, by the name of the number that it records: `{ residual_diff: 0.12 }`. */
  readonly thresholds?: (options: Options) => Readonly<Record<string, number>>;
  /** Where options depend on the model: how `skipstep calibrate` finds them. */
  readonly calibration?: Calibration<Options>;
}

/** How options that depend on the model are found by generations that compute everything. */
export interface Calibration<Options> {
  /** Over those of the config: with them the plugin skips nothing, and records what `fit` reads. */
  readonly options: Partial<Options>;
  /**
   * What the recorded numbers come to.
   * @param reports of this plugin, one a generation
   * @throws SKIPSTEP_PLUGIN_OPTION (`optionUnfit`) where they are too few
   */
  fit(reports: readonly PluginReport[]): Partial<Options>;
}

/** Values of an option that are worth trying, from the most careful, which saves least, to the boldest. */
export type TuneRange =
  | { readonly values: readonly unknown[] }
  /** `from` is the most careful, whichever of the two is larger. */
  | { readonly from: number; readonly to: number; readonly scale: "log" | "linear" | "integer" };
