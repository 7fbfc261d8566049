import type { Architecture, Warn } from "../../architecture/architecture";
import { type BranchOutline, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { over, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { integer, list, supported } from "../../schema/option";
import { adaLayerNormContinuous } from "../blocks/ada-layer-norm";
import { expectPositions } from "../blocks/cropped-positions";
import type { Streams } from "../blocks/joint-attention";
import { type BlockOptions, jointBlock, lastJointBlock, type QueryKeyNorm } from "../blocks/joint-block";
import { embedPatches, unpatchify } from "../blocks/patch-embed";
import { tokenWidth } from "../blocks/sincos-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { sd3File } from "./names";

/** `config.json` of SD3Transformer2DModel. */
export interface Sd3Config {
  readonly sample_size: number;
  readonly patch_size: number;
  readonly in_channels: number;
  readonly num_layers: number;
  readonly attention_head_dim: number;
  readonly num_attention_heads: number;
  readonly joint_attention_dim: number;
  readonly caption_projection_dim: number;
  readonly pooled_projection_dim: number;
  /** As many as enter when null. */
  readonly out_channels: number | null;
  /** Side of the stored grid of positions, in tokens. */
  readonly pos_embed_max_size: number;
  /** Blocks in which image tokens have a second attention of their own: Stable Diffusion 3.5 medium. */
  readonly dual_attention_layers: readonly number[];
  /** How each head's queries and keys are normalized. */
  readonly qk_norm: QueryKeyNorm;
}

const CLASS_NAME = "SD3Transformer2DModel";
const FREQUENCIES = 256;

/** The denoiser of Stable Diffusion 3 and 3.5: MMDiT, https://arxiv.org/abs/2403.03206, section 4. */
export const sd3: Architecture<Sd3Config> = {
  className: CLASS_NAME,
  file: sd3File,
  parse,
  structure: (config) =>
    blockLists(CLASS_NAME, [
      { name: "transformer_blocks", count: config.num_layers, branches: (i) => branchesOf(i, config) },
    ]),
  entries: { forward },
};

const parseFile = defineConfig<Sd3Config>(CLASS_NAME, {
  sample_size: count(128, most.side),
  patch_size: count(2, most.patch),
  in_channels: count(16, most.channels),
  num_layers: layerCount(18),
  attention_head_dim: count(64),
  num_attention_heads: count(18),
  joint_attention_dim: count(4096),
  caption_projection_dim: count(1152),
  pooled_projection_dim: count(2048),
  out_channels: optionalCount(16),
  pos_embed_max_size: count(96, most.side),
  dual_attention_layers: list([], integer(undefined), { maxItems: most.layers }),
  qk_norm: supported<QueryKeyNorm>(null, "rms_norm", "layer_norm", "fp32_layer_norm"),
});

function parse(raw: unknown, warn?: Warn): Sd3Config {
  const config = parseFile(raw, warn);
  const width = tokenWidth(config);
  if (config.caption_projection_dim !== width)
    throw modelOptions(CLASS_NAME, [
      `"caption_projection_dim" must be the width ${width}, found ${config.caption_projection_dim}`,
    ]);
  return config;
}

/** Of block `i`: the last one has no feed forward for the text. */
function branchesOf(i: number, { num_layers, dual_attention_layers }: Sd3Config): BranchOutline[] {
  const again: BranchOutline[] = dual_attention_layers.includes(i) ? [{ kind: "attention", from: "attn2" }] : [];
  const text: BranchOutline[] = i < num_layers - 1 ? [{ kind: "feed-forward", from: "ff_context" }] : [];
  return [{ kind: "attention", from: "attn" }, ...again, { kind: "feed-forward", from: "ff" }, ...text];
}

/**
 * Shapes: B images, C latent channels, H and W latent size, h = H / patch and w = W / patch tokens high and wide,
 * T = h w image tokens, S prompt tokens, D width of a token.
 *
 * Inputs: `hidden_states` `[B, C, H, W]`; `timestep` `[B]`, 1000 (noise) to 0 (image); `encoder_hidden_states`
 * `[B, S, joint_attention_dim]`; `pooled_projections` `[B, pooled_projection_dim]`; `pos_embed` `[1, T, D]` from
 * `croppedPositions`. Output: `sample` `[B, out_channels, patch h, patch w]`, the velocity.
 */
function forward(g: Graph, config: Sd3Config): void {
  const { in_channels, out_channels, num_layers, patch_size, joint_attention_dim, pooled_projection_dim } = config;
  const { num_attention_heads, qk_norm, dual_attention_layers } = config;
  const [batch, height, width] = [size("B"), size("H"), size("W")];
  const grid = [over(height, patch_size), over(width, patch_size)] as const;
  const dim = tokenWidth(config);
  const latents = g.input("hidden_states", [batch, in_channels, height, width]);
  const timestep = g.timeInput("timestep", [batch]);
  const prompt = g.steadyInput("encoder_hidden_states", [batch, size("S"), joint_attention_dim]);
  const pooled = g.steadyInput("pooled_projections", [batch, pooled_projection_dim]);
  const positions = g.steadyInput("pos_embed", [1, times(...grid), dim]);
  expectPositions(config, g.weights); // a checkpoint without them fails here, not at the first image
  const conditioning = g.silu(condition(g.scope("time_text_embed"), timestep, pooled, dim));

  let streams: Streams = {
    encoder: linear(g, "context_embedder", prompt, dim), // [B, S, D]
    hidden: g.add(embedPatches(g.scope("pos_embed"), latents, dim, patch_size), positions), // [B, T, D]
  };
  const options = (i: number): BlockOptions => ({
    heads: num_attention_heads,
    queryKeyNorm: qk_norm,
    isDual: dual_attention_layers.includes(i),
  });
  const last = num_layers - 1;
  for (let i = 0; i < last; i++)
    streams = g.block(`transformer_blocks.${i}`, streams, (inner, given) =>
      jointBlock(inner, given, conditioning, options(i)),
    );
  const { hidden } = g.block(`transformer_blocks.${last}`, streams, (inner, given) => ({
    hidden: lastJointBlock(inner, given, conditioning, options(last)),
  }));

  const normal = adaLayerNormContinuous(g.scope("norm_out"), hidden, conditioning);
  const patches = linear(g, "proj_out", normal, patch_size * patch_size * (out_channels ?? in_channels));
  g.output("sample", unpatchify(g, patches, patch_size, grid));
}

/** Timestep and pooled prompt in one vector. @returns `[B, width]` */
function condition(g: Graph, timestep: Value, pooled: Value, width: number): Value {
  const waves = sinusoids(g, timestep, FREQUENCIES, { cosFirst: true, shift: 0 });
  const time = embedCondition(g.scope("timestep_embedder"), waves, width);
  return g.add(time, embedCondition(g.scope("text_embedder"), pooled, width));
}
