import type { Architecture } from "../../architecture/architecture";
import { blockLists } from "../../architecture/block-lists";
import { count, layerCount, most, optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { minus, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, number } from "../../schema/option";
import type { Floats } from "../../tensor";
import { adaLayerNormContinuous, modulation } from "../blocks/ada-layer-norm";
import { dualStreamBlock, type StreamModules } from "../blocks/dual-stream-block";
import { residualStream } from "../blocks/float32-parts";
import type { JointAttentionOptions, Streams } from "../blocks/joint-attention";
import { axesOption, checkAxes, type RotaryTables, rotaryInputs, tablesOfIds } from "../blocks/rotary-positions";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { feedForward, singleBlock } from "./block";
import { flux2File } from "./names";

/** `config.json` of Flux2Transformer2DModel. */
export interface Flux2Config {
  readonly patch_size: number;
  readonly in_channels: number;
  readonly out_channels: number | null;
  readonly num_layers: number;
  readonly num_single_layers: number;
  readonly attention_head_dim: number;
  readonly num_attention_heads: number;
  readonly joint_attention_dim: number;
  readonly timestep_guidance_channels: number;
  readonly mlp_ratio: number;
  readonly axes_dims_rope: readonly number[];
  readonly rope_theta: number;
  readonly eps: number;
  readonly guidance_embeds: boolean;
}

const CLASS_NAME = "Flux2Transformer2DModel";
const noBias = { bias: false } as const;

const parseFile = defineConfig<Flux2Config>(CLASS_NAME, {
  patch_size: count(1, most.patch),
  in_channels: count(128, most.channels),
  out_channels: optionalCount(null),
  num_layers: layerCount(8, 0),
  num_single_layers: layerCount(48, 0),
  attention_head_dim: count(128),
  num_attention_heads: count(48),
  joint_attention_dim: count(15_360),
  timestep_guidance_channels: { ...count(256, most.channels), multipleOf: 2 },
  mlp_ratio: number(3, { exclusiveMinimum: 0 }),
  axes_dims_rope: axesOption([32, 32, 32, 32]),
  rope_theta: number(2000, { exclusiveMinimum: 0 }),
  eps: number(1e-6),
  guidance_embeds: flag(true),
});

/** Blocks, by their scopes. */
const BLOCK = /^((single_)?transformer_blocks)\.\d+$/;

/**
 * The denoiser of FLUX.2: as FLUX.1, without biases, with SwiGLU (https://arxiv.org/abs/2002.05202), and with one
 * modulation for all blocks of a list.
 */
export const flux2: Architecture<Flux2Config> = {
  className: CLASS_NAME,
  file: flux2File,
  parse: (raw, warn) => {
    const config = parseFile(raw, warn);
    checkAxes(CLASS_NAME, config);
    return config;
  },
  structure: ({ num_layers, num_single_layers }) =>
    blockLists(CLASS_NAME, [
      { name: "transformer_blocks", count: num_layers },
      { name: "single_transformer_blocks", count: num_single_layers },
    ]),
  entries: { forward },
  float32: () => [residualStream(BLOCK, "the reference cuts the streams off at 65504 in float16")],
};

/**
 * Shapes: B batch, X image tokens, S text tokens, T = S + X, D width of the blocks.
 *
 * Inputs: `hidden_states` `[B, X, in_channels]`; `encoder_hidden_states` `[B, S, joint_attention_dim]`; `timestep`
 * `[B]`, 1 (noise) to 0 (image); `guidance` `[B]`, with `guidance_embeds` only; `cos`, `sin`
 * `[1, T, attention_head_dim / 2]` from `rotaryTables`. Output: `sample` `[B, X, patch_size ^ 2 * out_channels]`, the
 * velocity.
 */
function forward(g: Graph, config: Flux2Config): void {
  const { patch_size, in_channels, out_channels, num_attention_heads: heads, attention_head_dim, eps } = config;
  const width = heads * attention_head_dim;
  const [batch, tokens, textTokens] = [size("B"), size("T"), size("S")];
  const image = g.input("hidden_states", [batch, minus(tokens, textTokens), in_channels]);
  const text = g.steadyInput("encoder_hidden_states", [batch, textTokens, config.joint_attention_dim]);
  const condition = g.silu(embedConditions(g, config, width)); // [B, D]
  const positions = rotaryInputs(g, batch, tokens, attention_head_dim);
  const attention: JointAttentionOptions = { heads, eps, bias: false, positions };
  const innerWidth = Math.trunc(width * config.mlp_ratio);
  const modulationOf = (name: string, branches: number): Value[] =>
    modulation(g.scope(name), "linear", condition, 3 * branches, width, noBias); // [B, 1, D] each
  const modulations = {
    image: modulationOf("double_stream_modulation_img", 2),
    text: modulationOf("double_stream_modulation_txt", 2),
    single: modulationOf("single_stream_modulation", 1),
  };

  let streams: Streams = {
    encoder: linear(g, "context_embedder", text, width, noBias),
    hidden: linear(g, "x_embedder", image, width, noBias),
  };
  const modules = (suffix: string, parts: readonly Value[]): StreamModules => ({
    norm1: `norm1${suffix}`,
    norm2: `norm2${suffix}`,
    feedForward: `ff${suffix}`,
    modulation: () => parts,
  });
  for (let i = 0; i < config.num_layers; i++)
    streams = g.block(`transformer_blocks.${i}`, streams, (inner, given) =>
      dualStreamBlock(inner, given, {
        image: modules("", modulations.image),
        text: modules("_context", modulations.text),
        attention,
        eps,
        feedForward: (scope, x) => feedForward(scope, x, innerWidth),
      }),
    );
  for (let i = 0; i < config.num_single_layers; i++)
    streams = g.block(`single_transformer_blocks.${i}`, streams, (inner, given) =>
      singleBlock(inner, given, modulations.single, attention, innerWidth),
    );

  const normal = adaLayerNormContinuous(g.scope("norm_out"), streams.hidden, condition, { eps, bias: false });
  g.output("sample", linear(g, "proj_out", normal, patch_size ** 2 * (out_channels ?? in_channels), noBias));
}

/** The sum of timestep and guidance, each through a small MLP. @returns `[B, width]` */
function embedConditions(root: Graph, config: Flux2Config, width: number): Value {
  const g = root.scope("time_guidance_embed");
  const batch = size("B");
  const embedNumber = (number: Value, module: string): Value => {
    const waves = sinusoids(g, g.mul(number, g.constant(1000)), config.timestep_guidance_channels, {
      cosFirst: true,
      shift: 0,
    });
    return embedCondition(g.scope(module), waves, width, noBias);
  };
  const time = embedNumber(root.timeInput("timestep", [batch]), "timestep_embedder");
  if (!config.guidance_embeds) return time;
  return g.add(time, embedNumber(root.steadyInput("guidance", [batch]), "guidance_embedder"));
}

/**
 * Tables for the inputs `cos` and `sin`.
 * @param txtIds `[S, axes]` or `[B, S, axes]` @param imgIds `[X, axes]` or `[B, X, axes]`, positions on each of the
 *   axes in `axes_dims_rope`; as in the reference, the first of the batch speaks for all
 */
export function rotaryTables(
  { axes_dims_rope, rope_theta }: Flux2Config,
  txtIds: Floats,
  imgIds: Floats,
): RotaryTables {
  return tablesOfIds([txtIds, imgIds], axes_dims_rope, rope_theta);
}
