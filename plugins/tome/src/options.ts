import type { JSONSchemaType } from "@skipstep/core/plugin";

/** Names are those of `tomesd.apply_patch`. */
export interface ToMeOptions {
  /** Share of a block's tokens that is merged into others. 0 merges none, and no more are merged than are no destinations. */
  ratio: number;
  /** Blocks whose tokens are at most so many pixels of the latents high and wide. */
  max_downsample: 1 | 2 | 4 | 8;
  /** Columns and rows of a cell; each has one token that others are merged into. */
  sx: number;
  sy: number;
  /** A cell's destination drawn at random, at each block and step. */
  use_rand: boolean;
  /** Merges around self-attention. */
  merge_attn: boolean;
  /** Merges around cross-attention. */
  merge_crossattn: boolean;
  /** Merges around the feed forward. */
  merge_mlp: boolean;
}

export const options: JSONSchemaType<ToMeOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    ratio: {
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0.5,
      description: "Share of a block's tokens that is merged into others. 0 merges none.",
    },
    max_downsample: {
      type: "integer",
      enum: [1, 2, 4, 8],
      default: 1,
      description: "Blocks whose tokens are at most so many pixels of the latents wide: 2 or more for DiTs.",
    },
    sx: { type: "integer", minimum: 1, default: 2, description: "Columns of a cell, which has one destination." },
    sy: { type: "integer", minimum: 1, default: 2, description: "Rows of a cell, which has one destination." },
    use_rand: {
      type: "boolean",
      default: false,
      description: "A cell's destination drawn at random. Not done here: must be false, its first token.",
    },
    merge_attn: { type: "boolean", default: true, description: "Merges around self-attention." },
    merge_crossattn: { type: "boolean", default: false, description: "Merges around cross-attention." },
    merge_mlp: { type: "boolean", default: false, description: "Merges around the feed forward." },
  },
};
