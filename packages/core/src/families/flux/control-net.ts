import type { Architecture } from "../../architecture/architecture";
import { optionalCount } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { minus, size } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { embedding, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { supported } from "../../schema/option";
import type { ModelFile } from "../../weights/single-file/model-file";
import type { Streams } from "../blocks/joint-attention";
import { checkAxes } from "../blocks/rotary-positions";
import {
  blockSample,
  doubleBlock,
  type FluxConfig,
  fluxContext,
  fluxOptions,
  singleBlock,
  singleBlockSample,
} from "./model";

/** `config.json` of FluxControlNetModel. */
export interface FluxControlNetConfig extends FluxConfig {
  /** Kinds of pictures that one net follows, which is told which one it is; null for a net of one kind. */
  readonly num_mode: number | null;
}

const CLASS = "FluxControlNetModel";
const { out_channels: _, ...options } = fluxOptions;

const parseFile = defineConfig<Omit<FluxControlNetConfig, "out_channels"> & { conditioning_embedding_channels: null }>(
  CLASS,
  { ...options, num_mode: optionalCount(null), conditioning_embedding_channels: supported(null) },
);

/** Names are diffusers' in all files that are known. */
const file: ModelFile = { mark: /^controlnet_x_embedder\.weight$/, prefixes: [], layouts: [] };

/** A ControlNet for FLUX.1, https://huggingface.co/InstantX/FLUX.1-dev-Controlnet-Canny: some of its blocks, copied. */
export const fluxControlNet: Architecture<FluxControlNetConfig> = {
  className: CLASS,
  file,
  parse: (raw, warn) => {
    const { conditioning_embedding_channels: _embedding, ...config } = parseFile(raw, warn);
    checkAxes(CLASS, config);
    return { ...config, out_channels: null };
  },
  entries: { forward },
};

/**
 * Shapes: as of FluxTransformer2DModel; with `num_mode` T is one more, for a token that says the picture's kind.
 *
 * Inputs: those of FluxTransformer2DModel; `controlnet_cond` `[B, X, in_channels]`, the
 * picture as packed latents; `strength` `[1]`; with `num_mode` `controlnet_mode` int64 `[B, 1]`. Outputs:
 * `block_sample.0`, ... and `single_block_sample.0`, ... `[B, X, D]`.
 */
function forward(g: Graph, config: FluxControlNetConfig): void {
  const { in_channels, num_attention_heads, attention_head_dim, num_mode } = config;
  const width = num_attention_heads * attention_head_dim;
  const [batch, tokens, textTokens] = [size("B"), size("T"), size("S")];
  const imageTokens = minus(minus(tokens, textTokens), num_mode === null ? 0 : 1);
  const image = g.input("hidden_states", [batch, imageTokens, in_channels]);
  const text = g.steadyInput("encoder_hidden_states", [batch, textTokens, config.joint_attention_dim]);
  const picture = g.steadyInput("controlnet_cond", [batch, imageTokens, in_channels]);
  const strength = g.input("strength", [1]);
  const context = fluxContext(g, config, tokens);

  const told = linear(g, "context_embedder", text, width);
  const hidden = g.add(linear(g, "x_embedder", image, width), linear(g, "controlnet_x_embedder", picture, width));
  let streams: Streams = { encoder: num_mode === null ? told : withMode(g, told, num_mode), hidden };
  const give = (module: string, name: string, sample: Value): void =>
    g.output(name, g.mul(linear(g, module, sample, width), strength));
  for (let i = 0; i < config.num_layers; i++) {
    streams = g.block(`transformer_blocks.${i}`, streams, (inner, given) => doubleBlock(inner, given, context));
    give(`controlnet_blocks.${i}`, blockSample(i), streams.hidden);
  }
  for (let i = 0; i < config.num_single_layers; i++) {
    streams = g.block(`single_transformer_blocks.${i}`, streams, (inner, given) => singleBlock(inner, given, context));
    give(`controlnet_single_blocks.${i}`, singleBlockSample(i), streams.hidden);
  }
}

/** With a token for the kind of the picture before those of the text. @param text `[B, S, D]` @returns `[B, S + 1, D]` */
function withMode(g: Graph, text: Value, modes: number): Value {
  const [batch, , width] = text.shape;
  const mode = g.steadyInput("controlnet_mode", [batch!, 1], "int64");
  return g.concat([embedding(g, "controlnet_mode_embedder", mode, modes, width as number), text], 1);
}
