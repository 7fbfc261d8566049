import type { Architecture } from "../../architecture/architecture";
import { attentionThenFeedForward, blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { type Dim, minus, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, type OptionSchemas } from "../../schema/option";
import type { Floats } from "../../tensor";
import { adaLayerNormContinuous, modulate, modulation, plainLayerNorm } from "../blocks/ada-layer-norm";
import { imageEdges } from "../blocks/branch-edges";
import { dualStreamBlock, type StreamModules } from "../blocks/dual-stream-block";
import { feedForward } from "../blocks/feed-forward";
import { residualStream } from "../blocks/float32-parts";
import {
  attend,
  type JointAttentionOptions,
  join,
  normalizeHeads,
  type Streams,
  separate,
} from "../blocks/joint-attention";
import { axesOption, checkAxes, type RotaryTables, rotaryInputs, tablesOfIds } from "../blocks/rotary-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { fluxFile } from "./names";

/** `config.json` of FluxTransformer2DModel. */
export interface FluxConfig {
  readonly patch_size: number;
  readonly in_channels: number;
  readonly out_channels: number | null;
  readonly num_layers: number;
  readonly num_single_layers: number;
  readonly attention_head_dim: number;
  readonly num_attention_heads: number;
  readonly joint_attention_dim: number;
  readonly pooled_projection_dim: number;
  readonly guidance_embeds: boolean;
  readonly axes_dims_rope: readonly number[];
}

const CLASS_NAME = "FluxTransformer2DModel";
const EPS = 1e-6;
const FREQUENCIES = 256;
const THETA = 10_000;

/** Options of `config.json`. */
export const fluxOptions: OptionSchemas<FluxConfig> = {
  patch_size: count(1, most.patch),
  in_channels: count(64, most.channels),
  out_channels: optionalCount(null),
  num_layers: layerCount(19, 0),
  num_single_layers: layerCount(38, 0),
  attention_head_dim: count(128),
  num_attention_heads: count(24),
  joint_attention_dim: count(4096),
  pooled_projection_dim: count(768),
  guidance_embeds: flag(false),
  axes_dims_rope: axesOption([16, 56, 56]),
};

const parseFile = defineConfig<FluxConfig>(CLASS_NAME, fluxOptions);

/** Blocks, by their scopes. */
const BLOCK = /^((single_)?transformer_blocks)\.\d+$/;

/**
 * The denoiser of FLUX.1: blocks that keep text and image apart (https://arxiv.org/abs/2403.03206), then blocks of
 * parallel attention and feed forward over both (https://arxiv.org/abs/2302.05442).
 */
export const flux: Architecture<SteeredFluxConfig> = {
  className: CLASS_NAME,
  file: fluxFile,
  parse: (raw, warn) => {
    const config = parseFile(raw, warn);
    checkAxes(CLASS_NAME, config);
    return config;
  },
  structure: ({ num_layers, num_single_layers }) =>
    blockLists(CLASS_NAME, [
      {
        name: "transformer_blocks",
        count: num_layers,
        branches: () => [...attentionThenFeedForward("attn", "ff"), { kind: "feed-forward", from: "ff_context" }],
      },
      {
        name: "single_transformer_blocks",
        count: num_single_layers,
        branches: () => [{ kind: "parallel", from: "proj_mlp", to: "proj_out" }],
      },
    ]),
  entries: { forward },
  float32: () => [residualStream(BLOCK, "the reference cuts the streams off at 65504 in float16")],
};

/** A FLUX denoiser's config, and how many samples its ControlNets give: for blocks of both kinds. */
export interface SteeredFluxConfig extends FluxConfig {
  readonly steered?: { readonly double: number; readonly single: number };
}

/** What every block needs beside its tokens. */
export interface FluxContext {
  /** Of timestep, guidance and pooled prompt, after SiLU: `[B, D]`. */
  readonly condition: Value;
  readonly attention: JointAttentionOptions;
}

/**
 * Shapes: B batch, X image tokens, S text tokens, T = S + X, D width of the blocks.
 *
 * Inputs: `hidden_states` `[B, X, in_channels]`; `encoder_hidden_states` `[B, S, joint_attention_dim]`;
 * `pooled_projections` `[B, pooled_projection_dim]`; `timestep` `[B]`, 1 (noise) to 0 (image); `guidance` `[B]`, with
 * `guidance_embeds` only; `cos`, `sin` `[1, T, attention_head_dim / 2]` from `rotaryTables`; where it is steered
 * `block_sample.0`, ... and `single_block_sample.0`, ... `[B, X, D]`. Output: `sample`
 * `[B, X, patch_size ^ 2 * out_channels]`, the velocity.
 */
function forward(g: Graph, config: SteeredFluxConfig): void {
  const { patch_size, in_channels, out_channels, num_attention_heads: heads, attention_head_dim, steered } = config;
  const width = heads * attention_head_dim;
  const [batch, tokens, textTokens] = [size("B"), size("T"), size("S")];
  const image = g.input("hidden_states", [batch, minus(tokens, textTokens), in_channels]);
  const text = g.steadyInput("encoder_hidden_states", [batch, textTokens, config.joint_attention_dim]);
  const context = fluxContext(g, config, tokens);

  let streams: Streams = {
    encoder: linear(g, "context_embedder", text, width),
    hidden: linear(g, "x_embedder", image, width),
  };
  const steer = steering(steered?.double ?? 0, config.num_layers, blockSample);
  const steerSingle = steering(steered?.single ?? 0, config.num_single_layers, singleBlockSample);
  for (let i = 0; i < config.num_layers; i++)
    streams = g.block(`transformer_blocks.${i}`, streams, (inner, given) =>
      steer(inner, doubleBlock(inner, given, context), i),
    );
  for (let i = 0; i < config.num_single_layers; i++)
    streams = g.block(`single_transformer_blocks.${i}`, streams, (inner, given) =>
      steerSingle(inner, singleBlock(inner, given, context), i),
    );

  const normal = adaLayerNormContinuous(g.scope("norm_out"), streams.hidden, context.condition, { eps: EPS });
  g.output("sample", linear(g, "proj_out", normal, patch_size ** 2 * (out_channels ?? in_channels)));
}

/** Name of what ControlNets give to blocks of their own. */
export function blockSample(i: number): string {
  return `block_sample.${i}`;
}

/** The same of blocks of parallel attention and feed forward. */
export function singleBlockSample(i: number): string {
  return `single_block_sample.${i}`;
}

/** Adds what ControlNets give behind each block: neighbours share a sample where there are fewer than blocks. */
function steering(
  samples: number,
  blocks: number,
  nameOf: (i: number) => string,
): (g: Graph, streams: Streams, block: number) => Streams {
  if (samples === 0) return (_, streams) => streams;
  const inputs = new Map<number, Value>();
  return (g, { encoder, hidden }, block) => {
    const i = Math.floor(block / Math.ceil(blocks / samples));
    const sample = inputs.get(i) ?? g.input(nameOf(i), hidden.shape);
    inputs.set(i, sample);
    return { encoder, hidden: g.add(hidden, sample) };
  };
}

/** Declares the inputs that all blocks depend on. @param tokens of text and image */
export function fluxContext(g: Graph, config: FluxConfig, tokens: Dim): FluxContext {
  const { num_attention_heads: heads, attention_head_dim: dim } = config;
  const condition = g.silu(embedConditions(g, config, heads * dim)); // [B, D]
  const positions = rotaryInputs(g, size("B"), tokens, dim);
  return { condition, attention: { heads, eps: EPS, bias: true, positions } };
}

/** The sum of timestep, guidance and pooled prompt, each through a small MLP. @returns `[B, width]` */
function embedConditions(root: Graph, { pooled_projection_dim, guidance_embeds }: FluxConfig, width: number): Value {
  const g = root.scope("time_text_embed");
  const batch = size("B");
  const pooled = root.steadyInput("pooled_projections", [batch, pooled_projection_dim]);
  const embedNumber = (number: Value, module: string): Value => {
    const waves = sinusoids(g, g.mul(number, g.constant(1000)), FREQUENCIES, { cosFirst: true, shift: 0 });
    return embedCondition(g.scope(module), waves, width);
  };
  const time = embedNumber(root.timeInput("timestep", [batch]), "timestep_embedder");
  const numbers = guidance_embeds
    ? g.add(time, embedNumber(root.steadyInput("guidance", [batch]), "guidance_embedder"))
    : time;
  return g.add(numbers, embedCondition(g.scope("text_embedder"), pooled, width));
}

export function doubleBlock(g: Graph, streams: Streams, { condition, attention }: FluxContext): Streams {
  const width = streams.hidden.shape.at(-1) as number;
  const modules = (suffix: string): StreamModules => ({
    norm1: `norm1${suffix}`,
    norm2: `norm2${suffix}`,
    feedForward: `ff${suffix}`,
    modulation: (inner) => modulation(inner.scope(`norm1${suffix}`), "linear", condition, 6, width),
  });
  return dualStreamBlock(g, streams, {
    image: modules(""),
    text: modules("_context"),
    attention,
    eps: EPS,
    feedForward: (inner, x) => feedForward(inner, x, "gelu-approximate"),
  });
}

/** Attention and feed forward side by side: from `proj_mlp` to `proj_out` they are one branch, before its gate. */
export function singleBlock(g: Graph, streams: Streams, { condition, attention }: FluxContext): Streams {
  const joint = join(g, streams); // [B, T, D]
  const width = joint.shape.at(-1) as number;
  const [norm, attn, out] = [g.scope("norm"), g.scope("attn"), g.scope("proj_out")];
  const [shift, scale, gate] = modulation(norm, "linear", condition, 3, width) as [Value, Value, Value];
  const normal = g.label(imageEdges.enters, modulate(norm, plainLayerNorm(norm, joint, EPS), shift, scale));
  const fed = g.scope("act_mlp").gelu(linear(g.scope("proj_mlp"), "", normal, 4 * width), "tanh");
  const normalized = (name: string, head: string): Value =>
    normalizeHeads(attn, head, linear(attn, name, normal, width), attention.heads, attention.eps);
  const mixed = attend(
    attn,
    {
      query: normalized("to_q", "norm_q"),
      key: normalized("to_k", "norm_k"),
      value: linear(attn, "to_v", normal, width),
    },
    attention,
  );
  attn.tap(mixed);
  const branch = g.label(imageEdges.leaves, linear(out, "", out.concat([mixed, fed], 2), width));
  return separate(g, g.add(joint, g.mul(gate, branch)), streams.encoder.shape[1]!);
}

/**
 * Tables for the inputs `cos` and `sin`.
 * @param txtIds `[S, axes]` @param imgIds `[X, axes]`, positions on each of the axes in `axes_dims_rope`
 */
export function rotaryTables({ axes_dims_rope }: FluxConfig, txtIds: Floats, imgIds: Floats): RotaryTables {
  return tablesOfIds([txtIds, imgIds], axes_dims_rope, THETA);
}
