import type { Architecture, Warn } from "../../architecture/architecture";
import { count, counts, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, groupNorm } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, number, optionalNumber, supported } from "../../schema/option";
import { type Activation, activate, activationOption } from "../blocks/activation";

/** `config.json` of AutoencoderTiny. */
export interface AutoencoderTinyConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly latent_channels: number;
  readonly encoder_block_out_channels: readonly number[];
  readonly decoder_block_out_channels: readonly number[];
  readonly num_encoder_blocks: readonly number[];
  readonly num_decoder_blocks: readonly number[];
  readonly act_fn: Activation;
  readonly upsample_fn: "nearest";
  readonly upsampling_scaling_factor: number;
  /** TAEF2: the blocks at latent resolution have a normalized side branch. */
  readonly midblock_group_norm: boolean;
  readonly scaling_factor: number;
  readonly shift_factor: number | null;
}

const POOL_GROUPS = 4;
const POOL_EPS = 1e-5;

const parseFile = defineConfig<AutoencoderTinyConfig>(
  "AutoencoderTiny",
  {
    in_channels: count(3, most.channels),
    out_channels: count(3, most.channels),
    latent_channels: count(4, most.channels),
    encoder_block_out_channels: counts([64, 64, 64, 64]),
    decoder_block_out_channels: counts([64, 64, 64, 64]),
    num_encoder_blocks: counts([1, 3, 3, 3], most.layers),
    num_decoder_blocks: counts([3, 3, 3, 1], most.layers),
    act_fn: activationOption("relu"),
    upsample_fn: supported("nearest"),
    upsampling_scaling_factor: count(2, most.patch),
    midblock_group_norm: flag(false),
    scaling_factor: number(1),
    shift_factor: optionalNumber(0),
  },
  // The magnitude and the shift serve latents that are stored as bytes, which encode and decode do not do.
  { withoutEffect: ["block_out_channels", "force_upcast", "latent_magnitude", "latent_shift"] },
);

/**
 * The tiny autoencoder that imitates a large one, https://github.com/madebyollin/taesd; with `midblock_group_norm`
 * its version for FLUX.2 (TAEF2). Latents are the large model's own: the pipeline applies `scaling_factor` and `shift_factor`.
 */
export const autoencoderTiny: Architecture<AutoencoderTinyConfig> = {
  className: "AutoencoderTiny",
  parse,
  entries: { encode, decode },
};

function parse(raw: unknown, warn?: Warn): AutoencoderTinyConfig {
  const config = parseFile(raw, warn);
  const problems = (["encoder", "decoder"] as const).flatMap((half) => {
    const [levels, blocks] = [config[`${half}_block_out_channels`].length, config[`num_${half}_blocks`].length];
    return levels === blocks
      ? []
      : [`"num_${half}_blocks" must have as many entries as "${half}_block_out_channels" (${levels}), found ${blocks}`];
  });
  if (problems.length > 0) throw modelOptions("AutoencoderTiny", problems);
  return config;
}

/**
 * Shapes: B images, C latent channels, h and w latent size, s = 2 ^ (levels - 1) pixels a latent pixel.
 *
 * Input: `sample` `[B, in_channels, s h, s w]` in -1..1. Output: `latents` `[B, C, h, w]`.
 */
function encode(g: Graph, config: AutoencoderTinyConfig): void {
  const {
    in_channels,
    latent_channels,
    encoder_block_out_channels: channels,
    num_encoder_blocks,
    midblock_group_norm,
  } = config;
  const scale = 2 ** (channels.length - 1);
  const sample = g.input("sample", [size("B"), in_channels, times(size("h"), scale), times(size("w"), scale)]);
  const layers = sequence(g.scope("encoder.layers"));
  let x = g.div(g.onePlus(sample), g.constant(2)); // 0..1
  for (const [level, width] of channels.entries()) {
    const options = level === 0 ? { padding: 1 } : { padding: 1, stride: 2, bias: false }; // halves the size
    x = conv2d(layers.graph, layers.next(), x, width, 3, options);
    const pooled = midblock_group_norm && level === channels.length - 1;
    for (let i = 0; i < num_encoder_blocks[level]!; i++)
      x = block(layers.graph.scope(layers.next()), config, x, pooled);
  }
  g.output("latents", conv2d(layers.graph, layers.next(), x, latent_channels, 3, { padding: 1 }));
}

/** Input: `z` `[B, C, h, w]`. Output: `sample` `[B, out_channels, s h, s w]`, about -1..1, s from `upsampling_scaling_factor`. */
function decode(g: Graph, config: AutoencoderTinyConfig): void {
  const {
    latent_channels,
    out_channels,
    decoder_block_out_channels: channels,
    num_decoder_blocks,
    midblock_group_norm,
  } = config;
  const z = g.input("z", [size("B"), latent_channels, size("h"), size("w")]);
  const layers = sequence(g.scope("decoder.layers"));
  const softClamped = g.mul(g.tanh(g.div(z, g.constant(3))), g.constant(3));
  let x = conv2d(layers.graph, layers.next(), softClamped, channels[0]!, 3, { padding: 1 });
  layers.next(); // the activation has a place of its own
  x = activate(g, config.act_fn, x);
  for (const [level, width] of channels.entries()) {
    const last = level === channels.length - 1;
    const pooled = midblock_group_norm && level === 0;
    for (let i = 0; i < num_decoder_blocks[level]!; i++)
      x = block(layers.graph.scope(layers.next()), config, x, pooled);
    if (!last) {
      layers.next(); // so has the enlargement
      x = g.upsample(x, config.upsampling_scaling_factor);
    }
    x = conv2d(layers.graph, layers.next(), x, last ? out_channels : width, 3, { padding: 1, bias: last });
  }
  g.output("sample", g.sub(g.mul(x, g.constant(2)), g.constant(1)));
}

/** torch's `nn.Sequential`: layers are named by their place. */
function sequence(graph: Graph): { readonly graph: Graph; readonly next: () => string } {
  let place = 0;
  return { graph, next: () => String(place++) };
}

/** Residual block of three 3x3 convolutions; ends in ReLU whatever `act_fn` is. */
function block(g: Graph, { act_fn }: AutoencoderTinyConfig, input: Value, pooled: boolean): Value {
  const width = input.shape[1] as number;
  const x = pooled ? g.add(input, pool(g, input)) : input;
  let y = x;
  for (const name of ["conv.0", "conv.2"]) y = activate(g, act_fn, conv2d(g, name, y, width, 3, { padding: 1 }));
  return g.relu(g.add(x, conv2d(g, "conv.4", y, width, 3, { padding: 1 })));
}

/** The side branch, whose normalization sees the whole picture. */
function pool(g: Graph, x: Value): Value {
  const width = x.shape[1] as number;
  const wide = conv2d(g, "pool.0", x, 4 * width, 1, { bias: false });
  return conv2d(g, "pool.3", g.relu(groupNorm(g, "pool.1", wide, POOL_GROUPS, POOL_EPS)), width, 1, { bias: false });
}
