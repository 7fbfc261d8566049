import type { Architecture, Warn } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { type Dim, over, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { layerNorm, linear } from "../../graph/layers";
import { blockTokens } from "../../graph/tokens";
import type { Value } from "../../graph/value";
import { flag, number, optionalNumber, supported } from "../../schema/option";
import { modulate, plainLayerNorm } from "../blocks/ada-layer-norm";
import { imageEdges } from "../blocks/branch-edges";
import { type FeedForwardActivation, feedForward, feedForwardOption } from "../blocks/feed-forward";
import { embedPatches, unpatchify } from "../blocks/patch-embed";
import { projectedAttention } from "../blocks/projected-attention";
import { tokenWidth } from "../blocks/sincos-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { transformer2dOptionsWithoutEffect } from "../blocks/transformer-2d-config";
import { pixartFile } from "./names";

/** `config.json` of PixArtTransformer2DModel. */
export interface PixArtConfig {
  readonly num_attention_heads: number;
  readonly attention_head_dim: number;
  readonly in_channels: number;
  /** As many as enter when null. */
  readonly out_channels: number | null;
  readonly num_layers: number;
  readonly cross_attention_dim: number;
  readonly attention_bias: boolean;
  readonly sample_size: number;
  readonly patch_size: number;
  readonly activation_fn: FeedForwardActivation;
  readonly norm_type: "ada_norm_single";
  readonly norm_elementwise_affine: boolean;
  readonly norm_eps: number;
  readonly interpolation_scale: number;
  /** Whether the model is told the image's size: PixArt-alpha at 1024 pixels. */
  readonly use_additional_conditions: boolean;
  /** Null when captions come in the blocks' own width. */
  readonly caption_channels: number | null;
  readonly attention_type: "default" | null;
}

/** As the file has it: null is what `sample_size` implies. */
type PixArtConfigFile = Omit<PixArtConfig, "interpolation_scale" | "use_additional_conditions"> & {
  readonly interpolation_scale: number | null;
  readonly use_additional_conditions: boolean | null;
};

const CLASS_NAME = "PixArtTransformer2DModel";
const FREQUENCIES = 256;
const EMBEDDING = { cosFirst: true, shift: 0 } as const;

/**
 * PixArt-alpha and PixArt-Sigma: DiT with cross-attention to the prompt and one modulation for all blocks,
 * https://arxiv.org/abs/2310.00426, section 2.3, https://arxiv.org/abs/2403.04692.
 */
export const pixart: Architecture<PixArtConfig> = {
  className: CLASS_NAME,
  aliases: ["Transformer2DModel"],
  file: pixartFile,
  parse,
  structure: ({ num_layers }) =>
    blockLists(
      CLASS_NAME,
      [{ name: "transformer_blocks", count: num_layers, branches: () => attentionThenFeedForward("attn1", "ff") }],
      ["picture-tokens"],
    ),
  entries: { forward },
};

const parseFile = defineConfig<PixArtConfigFile>(
  CLASS_NAME,
  {
    num_attention_heads: count(16),
    attention_head_dim: count(72),
    in_channels: count(4, most.channels),
    out_channels: optionalCount(8),
    num_layers: layerCount(28),
    cross_attention_dim: count(1152),
    attention_bias: flag(true),
    sample_size: count(128, most.side),
    patch_size: count(2, most.patch),
    activation_fn: feedForwardOption("gelu-approximate"),
    norm_type: supported("ada_norm_single"),
    norm_elementwise_affine: flag(false),
    norm_eps: number(1e-6),
    interpolation_scale: optionalNumber(null, { exclusiveMinimum: 0 }),
    use_additional_conditions: supported<boolean | null>(null, true, false),
    caption_channels: optionalCount(null),
    attention_type: supported("default", null),
  },
  { withoutEffect: [...transformer2dOptionsWithoutEffect, "num_embeds_ada_norm"] },
);

function parse(raw: unknown, warn?: Warn): PixArtConfig {
  const file = parseFile(raw, warn);
  const width = tokenWidth(file);
  const config: PixArtConfig = {
    ...file,
    interpolation_scale: file.interpolation_scale ?? Math.max(Math.floor(file.sample_size / 64), 1),
    use_additional_conditions: file.use_additional_conditions ?? file.sample_size === 128,
  };
  const problems: string[] = [];
  if (config.use_additional_conditions && width % 3 !== 0)
    problems.push(`"use_additional_conditions" needs a width that 3 divides, found ${width}`);
  if (config.caption_channels !== null && config.cross_attention_dim !== width)
    problems.push(
      `"cross_attention_dim" must be the width ${width} with "caption_channels", found ${config.cross_attention_dim}`,
    );
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return Object.freeze(config);
}

/** What every block needs beside its tokens. */
interface Context {
  readonly config: PixArtConfig;
  /** Shifts, scales and gates that all blocks share, `[B, 6, D]`. */
  readonly shared: Value;
  /** The prompt, `[B, S, cross_attention_dim]`. */
  readonly captions: Value;
  /** int32 `[B, S]` */
  readonly keyMask: Value;
  /** Tokens high and wide. */
  readonly grid: readonly [Dim, Dim];
}

/**
 * Shapes: B images, C latent channels, H and W latent size, h = H / patch and w = W / patch tokens high and wide,
 * T = h w, S prompt tokens, D width of a token.
 *
 * Inputs: `hidden_states` `[B, C, H, W]`; `timestep` `[B]`, 0 to 999; `encoder_hidden_states`
 * `[B, S, caption_channels]`, or `cross_attention_dim` of them without a caption projection; `encoder_attention_mask`
 * int32 `[B, S]`, 1 where a token is real; with `use_additional_conditions` the image's `resolution` `[B, 2]` (height
 * and width in pixels) and `aspect_ratio` `[B, 1]` (height / width); `pos_embed` `[1, T, D]` from `sincosPositions`.
 * Output: `sample` `[B, out_channels, patch h, patch w]`, the noise and, with twice the channels, the variance.
 */
function forward(g: Graph, config: PixArtConfig): void {
  const { in_channels, out_channels, num_layers, patch_size, cross_attention_dim, caption_channels } = config;
  const [batch, tokens, height, width] = [size("B"), size("S"), size("H"), size("W")];
  const grid = [over(height, patch_size), over(width, patch_size)] as const;
  const dim = tokenWidth(config);
  const latents = g.input("hidden_states", [batch, in_channels, height, width]);
  const prompt = g.steadyInput("encoder_hidden_states", [batch, tokens, caption_channels ?? cross_attention_dim]);
  const keyMask = g.steadyInput("encoder_attention_mask", [batch, tokens], "int32");
  const positions = g.steadyInput("pos_embed", [1, times(...grid), dim]);
  const conditioning = condition(g, config); // [B, D]
  const shared = g.reshape(linear(g, "adaln_single.linear", g.silu(conditioning), 6 * dim), [batch, 6, dim]);
  const captions = caption_channels === null ? prompt : projectCaption(g.scope("caption_projection"), prompt, dim);
  const context = { config, shared, captions, keyMask, grid };

  let hidden = g.add(embedPatches(g.scope("pos_embed"), latents, dim, patch_size), positions); // [B, T, D]
  for (let i = 0; i < num_layers; i++)
    ({ hidden } = g.block(`transformer_blocks.${i}`, { hidden }, (inner, streams) => ({
      hidden: block(inner, streams.hidden, context),
    })));

  const table = g.add(g.weight("scale_shift_table", [2, dim]), g.unsqueeze(conditioning, 1)); // [B, 2, D]
  const [shift, scale] = g.chunk(table, 2, 1) as [Value, Value];
  const features = patch_size * patch_size * (out_channels ?? in_channels);
  const patches = linear(g, "proj_out", modulate(g, plainLayerNorm(g, hidden), shift, scale), features);
  g.output("sample", unpatchify(g, patches, patch_size, grid));
}

/** Timestep, and the image's size where the model is told of it, in one vector `[B, D]`. */
function condition(root: Graph, config: PixArtConfig): Value {
  const g = root.scope("adaln_single.emb");
  const batch = size("B");
  const dim = tokenWidth(config);
  const waves = sinusoids(g, root.timeInput("timestep", [batch]), FREQUENCIES, EMBEDDING);
  const time = embedCondition(g.scope("timestep_embedder"), waves, dim);
  if (!config.use_additional_conditions) return time;
  /** Each of `count` numbers takes a third of the width. */
  const sized = (input: string, count: number): Value => {
    const numbers = g.reshape(root.steadyInput(input, [batch, count]), [times(batch, count)]);
    const embedded = embedCondition(
      g.scope(`${input}_embedder`),
      sinusoids(g, numbers, FREQUENCIES, EMBEDDING),
      dim / 3,
    );
    return g.reshape(embedded, [batch, (count * dim) / 3]);
  };
  return g.add(time, g.concat([sized("resolution", 2), sized("aspect_ratio", 1)], 1));
}

/** @param prompt `[B, S, caption_channels]` @returns `[B, S, width]` */
function projectCaption(g: Graph, prompt: Value, width: number): Value {
  return linear(g, "linear_2", g.gelu(linear(g, "linear_1", prompt, width), "tanh"), width);
}

/** The prompt is attended to without normalization and without a gate. */
function block(g: Graph, x: Value, { config, shared, captions, keyMask, grid }: Context): Value {
  const { num_attention_heads: heads, attention_bias: bias, activation_fn, norm_eps, norm_elementwise_affine } = config;
  const affine = norm_elementwise_affine;
  const emit = blockTokens(g, { hidden: x, grid, downsample: config.patch_size });
  const table = g.add(g.weight("scale_shift_table", [6, tokenWidth(config)]), shared); // [B, 6, D]
  const parts = g.chunk(table, 6, 1); // [B, 1, D] each
  const [shift1, scale1, gate1, shift2, scale2, gate2] = parts as [Value, Value, Value, Value, Value, Value];
  const normal = g.label(
    imageEdges.enters,
    modulate(g, layerNorm(g, "norm1", x, norm_eps, { affine }), shift1, scale1),
  );
  const mixed = emit("attention", g.scope("attn1"), normal, (inner, value) =>
    projectedAttention(inner, value, { heads, bias }),
  );
  const attended = g.add(x, g.mul(gate1, g.label(imageEdges.leaves, mixed)));
  const crossed = emit("cross-attention", g.scope("attn2"), attended, (inner, value) =>
    projectedAttention(inner, value, { heads, bias, source: captions, keyMask }),
  );
  const y = g.add(attended, crossed);
  const normal2 = g.label(
    imageEdges.enters,
    modulate(g, layerNorm(g, "norm2", y, norm_eps, { affine }), shift2, scale2),
  );
  const fed = emit("feed-forward", g.scope("ff"), normal2, (inner, value) => feedForward(inner, value, activation_fn));
  return g.add(y, g.mul(gate2, g.label(imageEdges.leaves, fed)));
}
