import type { Architecture } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { type Dim, over, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { embedding, layerNorm, linear } from "../../graph/layers";
import { blockTokens } from "../../graph/tokens";
import type { Value } from "../../graph/value";
import { flag, number, supported } from "../../schema/option";
import { modulate, modulation, plainLayerNorm } from "../blocks/ada-layer-norm";
import { imageEdges } from "../blocks/branch-edges";
import { type FeedForwardActivation, feedForward, feedForwardOption } from "../blocks/feed-forward";
import { embedPatches, unpatchify } from "../blocks/patch-embed";
import { projectedAttention } from "../blocks/projected-attention";
import { tokenWidth } from "../blocks/sincos-positions";
import { sinusoids } from "../blocks/timestep-embedding";
import { transformer2dOptionsWithoutEffect } from "../blocks/transformer-2d-config";

/** `config.json` of DiTTransformer2DModel. */
export interface DitConfig {
  readonly num_attention_heads: number;
  readonly attention_head_dim: number;
  readonly in_channels: number;
  /** As many as enter when null. */
  readonly out_channels: number | null;
  readonly num_layers: number;
  readonly attention_bias: boolean;
  readonly sample_size: number;
  readonly patch_size: number;
  readonly activation_fn: FeedForwardActivation;
  /** Number of classes; one more row stands for "no class". */
  readonly num_embeds_ada_norm: number;
  readonly norm_type: "ada_norm_zero";
  readonly norm_elementwise_affine: boolean;
  readonly norm_eps: number;
}

const FREQUENCIES = 256;

/** DiT with adaLN-Zero, https://arxiv.org/abs/2212.09748, section 3.2. */
export const dit: Architecture<DitConfig> = {
  className: "DiTTransformer2DModel",
  aliases: ["Transformer2DModel"],
  parse: defineConfig<DitConfig>(
    "DiTTransformer2DModel",
    {
      num_attention_heads: count(16),
      attention_head_dim: count(72),
      in_channels: count(4, most.channels),
      out_channels: optionalCount(null),
      num_layers: layerCount(28),
      attention_bias: flag(true),
      sample_size: count(32, most.side),
      patch_size: count(2, most.patch),
      activation_fn: feedForwardOption("gelu-approximate"),
      num_embeds_ada_norm: count(1000),
      norm_type: supported("ada_norm_zero"),
      norm_elementwise_affine: flag(false),
      norm_eps: number(1e-5),
    },
    {
      withoutEffect: [
        ...transformer2dOptionsWithoutEffect,
        ...["cross_attention_dim", "attention_type", "caption_channels"],
      ],
    },
  ),
  structure: ({ num_layers }) =>
    blockLists(
      "DiTTransformer2DModel",
      [{ name: "transformer_blocks", count: num_layers, branches: () => attentionThenFeedForward("attn1", "ff") }],
      ["picture-tokens"],
    ),
  entries: { forward },
};

/** What every block needs beside its tokens. */
interface Context {
  readonly config: DitConfig;
  /** Sinusoids of the timestep, `[B, 256]`. */
  readonly waves: Value;
  /** int64 `[B]` */
  readonly labels: Value;
  /** Tokens high and wide. */
  readonly grid: readonly [Dim, Dim];
}

/**
 * Shapes: B images, C latent channels, H and W latent size, h = H / patch and w = W / patch tokens high and wide,
 * T = h w, D width of a token.
 *
 * Inputs: `hidden_states` `[B, C, H, W]`; `timestep` `[B]`, 0 to 999; `class_labels` int64 `[B]`, of which
 * `num_embeds_ada_norm` is no class; `pos_embed` `[1, T, D]` from `sincosPositions`. Output: `sample`
 * `[B, out_channels, patch h, patch w]`, the noise and, with twice the channels, the variance.
 */
function forward(g: Graph, config: DitConfig): void {
  const { in_channels, out_channels, num_layers, patch_size } = config;
  const [batch, height, width] = [size("B"), size("H"), size("W")];
  const grid = [over(height, patch_size), over(width, patch_size)] as const;
  const latents = g.input("hidden_states", [batch, in_channels, height, width]);
  const timestep = g.timeInput("timestep", [batch]);
  const labels = g.steadyInput("class_labels", [batch], "int64");
  const positions = g.steadyInput("pos_embed", [1, times(...grid), tokenWidth(config)]);
  // Spaced over 127, not 128 as the authors have it: checkpoints were made for it nonetheless.
  const context = { config, labels, grid, waves: sinusoids(g, timestep, FREQUENCIES, { cosFirst: true, shift: 1 }) };

  let hidden = g.add(embedPatches(g.scope("pos_embed"), latents, tokenWidth(config), patch_size), positions); // [B, T, D]
  for (let i = 0; i < num_layers; i++)
    ({ hidden } = g.block(`transformer_blocks.${i}`, { hidden }, (inner, streams) => ({
      hidden: block(inner, streams.hidden, context),
    })));

  const conditioning = g.silu(condition(g, "transformer_blocks.0.norm1.emb", context));
  const [shift, scale] = modulation(g, "proj_out_1", conditioning, 2, tokenWidth(config)) as [Value, Value];
  const features = patch_size * patch_size * (out_channels ?? in_channels);
  const patches = linear(g, "proj_out_2", modulate(g, plainLayerNorm(g, hidden), shift, scale), features);
  g.output("sample", unpatchify(g, patches, patch_size, grid));
}

function block(g: Graph, x: Value, context: Context): Value {
  const { num_attention_heads, attention_bias, activation_fn, norm_eps, norm_elementwise_affine } = context.config;
  const emit = blockTokens(g, { hidden: x, grid: context.grid, downsample: context.config.patch_size });
  const conditioning = g.silu(condition(g, "norm1.emb", context));
  const parts = modulation(g, "norm1.linear", conditioning, 6, tokenWidth(context.config)); // [B, 1, D] each
  const [shift1, scale1, gate1, shift2, scale2, gate2] = parts as [Value, Value, Value, Value, Value, Value];
  const normal1 = g.label(imageEdges.enters, modulate(g, plainLayerNorm(g, x), shift1, scale1));
  const attended = emit("attention", g.scope("attn1"), normal1, (inner, value) =>
    projectedAttention(inner, value, { heads: num_attention_heads, bias: attention_bias }),
  );
  const y = g.add(x, g.mul(gate1, g.label(imageEdges.leaves, attended)));
  const normal3 = layerNorm(g, "norm3", y, norm_eps, { affine: norm_elementwise_affine });
  const normal2 = g.label(imageEdges.enters, modulate(g, normal3, shift2, scale2));
  const fed = emit("feed-forward", g.scope("ff"), normal2, (inner, value) => feedForward(inner, value, activation_fn));
  return g.add(y, g.mul(gate2, g.label(imageEdges.leaves, fed)));
}

/**
 * Timestep and class in one vector. Emitted in g's own scope under the module's weight names: the last layer borrows
 * the first block's weights, and must not become a part of that block.
 * @returns `[B, D]`
 */
function condition(g: Graph, module: string, { config, waves, labels }: Context): Value {
  const width = tokenWidth(config);
  const hidden = g.silu(linear(g, `${module}.timestep_embedder.linear_1`, waves, width));
  const time = linear(g, `${module}.timestep_embedder.linear_2`, hidden, width);
  const classes = config.num_embeds_ada_norm + 1;
  return g.add(time, embedding(g, `${module}.class_embedder.embedding_table`, labels, classes, width));
}
