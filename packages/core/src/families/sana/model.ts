import type { Architecture, Warn } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { type Dim, over, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { layerNorm, linear, rmsNorm } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, number, optionalNumber, supported } from "../../schema/option";
import { modulate, plainLayerNorm } from "../blocks/ada-layer-norm";
import { imageEdges } from "../blocks/branch-edges";
import { gluMbConvOfTokens } from "../blocks/glu-mb-conv";
import { linearAttention } from "../blocks/linear-attention";
import { embedPatches, unpatchify } from "../blocks/patch-embed";
import { projectedAttention } from "../blocks/projected-attention";
import { tokenWidth } from "../blocks/sincos-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";

/** `config.json` of SanaTransformer2DModel. */
export interface SanaConfig {
  readonly in_channels: number;
  /** As many as enter when null. */
  readonly out_channels: number | null;
  readonly num_attention_heads: number;
  readonly attention_head_dim: number;
  readonly num_layers: number;
  readonly num_cross_attention_heads: number;
  readonly cross_attention_head_dim: number;
  readonly cross_attention_dim: number;
  readonly caption_channels: number;
  readonly mlp_ratio: number;
  readonly attention_bias: boolean;
  readonly sample_size: number;
  readonly patch_size: number;
  readonly norm_elementwise_affine: boolean;
  readonly norm_eps: number;
  /** Null for tokens without positions. */
  readonly interpolation_scale: number | null;
  /** Whether the model is told how strongly to follow the prompt: SANA-Sprint. */
  readonly guidance_embeds: boolean;
  /** What the pipeline multiplies that strength with. */
  readonly guidance_embeds_scale: number;
  readonly qk_norm: "rms_norm_across_heads" | null;
  /** What the pipeline multiplies timesteps with. */
  readonly timestep_scale: number;
}

const CLASS_NAME = "SanaTransformer2DModel";
const FREQUENCIES = 256;
/** Of normalized captions, queries and keys. */
const EPS = 1e-5;

/**
 * SANA, https://arxiv.org/abs/2410.10629, and SANA-Sprint, https://arxiv.org/abs/2503.09641: PixArt's blocks with linear
 * attention and a feed-forward network that convolves.
 */
export const sana: Architecture<SanaConfig> = {
  className: CLASS_NAME,
  parse,
  structure: ({ num_layers }) =>
    blockLists(CLASS_NAME, [
      { name: "transformer_blocks", count: num_layers, branches: () => attentionThenFeedForward("attn1", "ff") },
    ]),
  entries: { forward },
  float32: () => [{ scopes: /\.attn1$/, reason: "the reference sums its linear attention up in float32" }],
};

const parseFile = defineConfig<SanaConfig>(
  CLASS_NAME,
  {
    in_channels: count(32, most.channels),
    out_channels: optionalCount(32),
    num_attention_heads: count(70),
    attention_head_dim: count(32),
    num_layers: layerCount(20),
    num_cross_attention_heads: count(20),
    cross_attention_head_dim: count(112),
    cross_attention_dim: count(2240),
    caption_channels: count(2304),
    mlp_ratio: number(2.5, { exclusiveMinimum: 0, maximum: 64 }),
    attention_bias: flag(false),
    sample_size: count(32, most.side),
    patch_size: count(1, most.patch),
    norm_elementwise_affine: flag(false),
    norm_eps: number(1e-6),
    interpolation_scale: optionalNumber(null, { exclusiveMinimum: 0 }),
    guidance_embeds: flag(false),
    guidance_embeds_scale: number(0.1),
    qk_norm: supported<SanaConfig["qk_norm"]>(null, "rms_norm_across_heads"),
    timestep_scale: number(1),
  },
  { withoutEffect: ["dropout"] },
);

function parse(raw: unknown, warn?: Warn): SanaConfig {
  const config = parseFile(raw, warn);
  const width = tokenWidth(config);
  const problems: string[] = [];
  if (config.cross_attention_dim !== width)
    problems.push(`"cross_attention_dim" must be the width ${width}, found ${config.cross_attention_dim}`);
  if (config.interpolation_scale !== null && width % 4 !== 0)
    problems.push(`"interpolation_scale" needs a width that 4 divides, found ${width}`);
  if (Math.floor(config.mlp_ratio * width) < 1)
    problems.push(`"mlp_ratio" leaves nothing of the width ${width}, found ${config.mlp_ratio}`);
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return config;
}

/** What every block needs beside its tokens. */
interface Context {
  readonly config: SanaConfig;
  /** Shifts, scales and gates that all blocks share, `[B, 6, D]`. */
  readonly shared: Value;
  /** The prompt, `[B, S, D]`. */
  readonly captions: Value;
  /** int32 `[B, S]` */
  readonly keyMask: Value;
  /** Tokens high and wide. */
  readonly grid: readonly [rows: Dim, columns: Dim];
}

/**
 * Shapes: B images, C latent channels, H and W latent size, h = H / patch and w = W / patch tokens high and wide,
 * T = h w, S prompt tokens, D width of a token.
 *
 * Inputs: `hidden_states` `[B, C, H, W]`; `timestep` `[B]`, after `timestep_scale`; `encoder_hidden_states`
 * `[B, S, caption_channels]`; `encoder_attention_mask` int32 `[B, S]`, 1 where a token is real; with `guidance_embeds`
 * only, `guidance` `[B]`, after `guidance_embeds_scale`; with an `interpolation_scale` only, `pos_embed` `[1, T, D]` from
 * `sincosPositions`. Output: `sample` `[B, out_channels, patch h, patch w]`, the velocity.
 */
function forward(g: Graph, config: SanaConfig): void {
  const { in_channels, out_channels, num_layers, patch_size, caption_channels } = config;
  const [batch, tokens, height, width] = [size("B"), size("S"), size("H"), size("W")];
  const grid = [over(height, patch_size), over(width, patch_size)] as const;
  const dim = tokenWidth(config);
  const latents = g.input("hidden_states", [batch, in_channels, height, width]);
  const prompt = g.steadyInput("encoder_hidden_states", [batch, tokens, caption_channels]);
  const keyMask = g.steadyInput("encoder_attention_mask", [batch, tokens], "int32");
  const conditioning = condition(g, config); // [B, D]
  const shared = g.reshape(linear(g, "time_embed.linear", g.silu(conditioning), 6 * dim), [batch, 6, dim]);
  const captions = rmsNorm(g, "caption_norm", projectCaption(g.scope("caption_projection"), prompt, dim), EPS);
  const context = { config, shared, captions, keyMask, grid };

  let hidden = embedPatches(g.scope("patch_embed"), latents, dim, patch_size); // [B, T, D]
  if (config.interpolation_scale !== null) hidden = g.add(hidden, g.steadyInput("pos_embed", [1, times(...grid), dim]));
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

/** Timestep, and the guidance where the model is told of it, in one vector `[B, D]`. */
function condition(root: Graph, { guidance_embeds, ...config }: SanaConfig): Value {
  const batch = size("B");
  const embedded = (g: Graph, number: Value, module: string): Value => {
    const waves = sinusoids(g, number, FREQUENCIES, { cosFirst: true, shift: 0 });
    return embedCondition(g.scope(module), waves, tokenWidth(config));
  };
  const g = root.scope("time_embed");
  const timestep = root.timeInput("timestep", [batch]);
  if (!guidance_embeds) return embedded(g.scope("emb"), timestep, "timestep_embedder");
  const guidance = embedded(g, root.steadyInput("guidance", [batch]), "guidance_embedder");
  return g.add(embedded(g, timestep, "timestep_embedder"), guidance);
}

/** @param prompt `[B, S, caption_channels]` @returns `[B, S, width]` */
function projectCaption(g: Graph, prompt: Value, width: number): Value {
  return linear(g, "linear_2", g.gelu(linear(g, "linear_1", prompt, width), "tanh"), width);
}

/** The prompt is attended to without normalization and without a gate. */
function block(g: Graph, x: Value, context: Context): Value {
  const { config, shared, captions, keyMask, grid } = context;
  const { norm_eps, norm_elementwise_affine: affine } = config;
  const table = g.add(g.weight("scale_shift_table", [6, tokenWidth(config)]), shared); // [B, 6, D]
  const parts = g.chunk(table, 6, 1); // [B, 1, D] each
  const [shift1, scale1, gate1, shift2, scale2, gate2] = parts as [Value, Value, Value, Value, Value, Value];
  const normal = g.label(imageEdges.enters, modulate(g, plainLayerNorm(g, x, norm_eps), shift1, scale1));
  const mixed = g.label(imageEdges.leaves, selfAttention(g.scope("attn1"), normal, config));
  const attended = g.add(x, g.mul(gate1, mixed));
  const crossed = projectedAttention(g.scope("attn2"), attended, {
    heads: config.num_cross_attention_heads,
    width: config.num_cross_attention_heads * config.cross_attention_head_dim,
    source: captions,
    keyMask,
    normalize: (inner, name, value) => normalize(inner, name, value, config),
  });
  const y = g.add(attended, crossed);
  const normal2 = g.label(
    imageEdges.enters,
    modulate(g, layerNorm(g, "norm2", y, norm_eps, { affine }), shift2, scale2),
  );
  const fed = g.label(imageEdges.leaves, gluMbConvOfTokens(g.scope("ff"), normal2, config.mlp_ratio, grid));
  return g.add(y, g.mul(gate2, fed));
}

/** Linear attention with its projections; g is the module's scope. @param x `[B, T, D]` @returns `[B, T, D]` */
function selfAttention(g: Graph, x: Value, config: SanaConfig): Value {
  const { num_attention_heads: heads, attention_head_dim, attention_bias: bias } = config;
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const project = (name: string): Value => linear(g, name, x, width, { bias });
  /** @returns `[B, heads, D / heads, T]` */
  const apart = (y: Value): Value =>
    g.transpose(g.reshape(y, [batch, tokens, heads, attention_head_dim]), [0, 2, 3, 1]);
  const query = apart(normalize(g, "norm_q", project("to_q"), config));
  const key = apart(normalize(g, "norm_k", project("to_k"), config));
  const mixed = linearAttention(g, query, key, apart(project("to_v")));
  const output = linear(g, "to_out.0", g.reshape(g.transpose(mixed, [0, 3, 1, 2]), x.shape), width);
  g.tap(output);
  return output;
}

/** Queries or keys, all heads together, where the model has that. */
function normalize(g: Graph, name: string, x: Value, { qk_norm }: SanaConfig): Value {
  return qk_norm === null ? x : rmsNorm(g, name, x, EPS);
}
