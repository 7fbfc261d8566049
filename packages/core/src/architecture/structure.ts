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
export type Feature = "block-list" | "block-branches" | "unet" | "picture-tokens";
