import type { Architecture, Warn } from "../../architecture/architecture";
import { allOf, count, counts, layerCount, most, sizeOption } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, groupNorm } from "../../graph/layers";
import type { Value } from "../../graph/value";
import type { OptionSchema } from "../../schema/option";
import { flag, number, optionalNumber } from "../../schema/option";
import { type Activation, activationOption } from "../blocks/activation";
import { everything } from "../blocks/float32-parts";
import { downsample } from "../blocks/resample";
import { type ResnetOptions, resnetBlock } from "../blocks/resnet-block";
import { spatialAttention } from "../blocks/spatial-attention";
import { autoencoderFile } from "./latent-diffusion-names";

/** `config.json` of AutoencoderKL. */
export interface AutoencoderKlConfig {
  readonly in_channels: number;
  readonly out_channels: number;
  readonly latent_channels: number;
  readonly down_block_types: readonly "DownEncoderBlock2D"[];
  readonly up_block_types: readonly "UpDecoderBlock2D"[];
  readonly block_out_channels: readonly number[];
  /** Pixels of the images that it was trained on, along a side or height and width; the size of tiles. */
  readonly sample_size: number | readonly [number, number];
  readonly layers_per_block: number;
  readonly act_fn: Activation;
  readonly norm_num_groups: number;
  readonly mid_block_add_attention: boolean;
  readonly use_quant_conv: boolean;
  readonly use_post_quant_conv: boolean;
  readonly scaling_factor: number;
  readonly shift_factor: number | null;
  /** Of the latents that the denoiser works with, a number a channel; both or none. */
  readonly latents_mean: readonly number[] | null;
  readonly latents_std: readonly number[] | null;
  /** Computes in float32 where the rest computes in float16. */
  readonly force_upcast: boolean;
}

/** What its two halves are built by. */
export type KlLayers = Pick<
  AutoencoderKlConfig,
  | "out_channels"
  | "latent_channels"
  | "block_out_channels"
  | "layers_per_block"
  | "act_fn"
  | "norm_num_groups"
  | "mid_block_add_attention"
  | "use_quant_conv"
  | "use_post_quant_conv"
>;

const EPS = 1e-6;
/** The reference clamps the encoder's logarithm of the variance to this. */
const LOGVAR_RANGE = [-30, 20] as const;

function statistics(items: object): OptionSchema<readonly number[] | null> {
  return { type: ["array", "null"], items, default: null };
}

const parseFile = defineConfig<AutoencoderKlConfig>("AutoencoderKL", {
  in_channels: count(3, most.channels),
  out_channels: count(3, most.channels),
  latent_channels: count(4, most.channels),
  down_block_types: allOf("DownEncoderBlock2D", ["DownEncoderBlock2D"]),
  up_block_types: allOf("UpDecoderBlock2D", ["UpDecoderBlock2D"]),
  block_out_channels: counts([64]),
  sample_size: sizeOption<AutoencoderKlConfig["sample_size"]>(32),
  layers_per_block: layerCount(1),
  act_fn: activationOption("silu"),
  norm_num_groups: count(32),
  mid_block_add_attention: flag(true),
  use_quant_conv: flag(true),
  use_post_quant_conv: flag(true),
  scaling_factor: number(0.18215),
  shift_factor: optionalNumber(null),
  latents_mean: statistics(number(undefined)),
  latents_std: statistics(number(undefined, { exclusiveMinimum: 0 })),
  force_upcast: flag(true),
});

/**
 * The variational autoencoder of latent diffusion, https://arxiv.org/abs/2112.10752, section 3.1 and appendix G.
 * Latents are the model's own: `scaling_factor`, `shift_factor`, `latents_mean` and `latents_std` are the pipeline's to
 * apply.
 */
export const autoencoderKl: Architecture<AutoencoderKlConfig> = {
  className: "AutoencoderKL",
  file: autoencoderFile,
  parse,
  entries: { encode, decode },
  float32: ({ force_upcast }) => (force_upcast ? [everything("its config says force_upcast, or leaves it out")] : []),
};

function parse(raw: unknown, warn?: Warn): AutoencoderKlConfig {
  const config = parseFile(raw, warn);
  const levels = config.block_out_channels.length;
  const problems = (["down_block_types", "up_block_types"] as const).flatMap((option) =>
    config[option].length === levels
      ? []
      : [`"${option}" must have as many entries as "block_out_channels" (${levels}), found ${config[option].length}`],
  );
  const { latent_channels: channels, latents_mean, latents_std } = config;
  for (const [option, values] of Object.entries({ latents_mean, latents_std }))
    if (values !== null && values.length !== channels)
      problems.push(`"${option}" must have an entry for each of ${channels} "latent_channels", found ${values.length}`);
  if (problems.length > 0) throw modelOptions("AutoencoderKL", problems);
  if ((latents_mean === null) === (latents_std === null)) return config;
  warn?.('AutoencoderKL has one of "latents_mean" and "latents_std"; it is ignored, as without both in the reference.');
  return Object.freeze({ ...config, latents_mean: null, latents_std: null });
}

/**
 * Shapes: B images, C latent channels, h and w latent size, s = 2 ^ (levels - 1) pixels a latent pixel.
 *
 * Input: `sample` `[B, in_channels, s h, s w]` in -1..1. Outputs: `mean` and `logvar` of the latents' distribution,
 * `[B, C, h, w]` each.
 */
function encode(g: Graph, config: AutoencoderKlConfig): void {
  const { in_channels, block_out_channels } = config;
  const scale = 2 ** (block_out_channels.length - 1);
  const sample = g.input("sample", [size("B"), in_channels, times(size("h"), scale), times(size("w"), scale)]);
  outputPosterior(g, encoded(g, config, sample));
}

/** Declares `mean` and `logvar`, `[B, C, h, w]` each. @param moments `[B, 2 C, h, w]` */
export function outputPosterior(g: Graph, moments: Value): void {
  const [mean, logvar] = g.chunk(moments, 2, 1) as [Value, Value];
  g.output("mean", mean);
  g.output("logvar", g.node("Clip", [logvar, ...LOGVAR_RANGE.map((bound) => g.constant(bound))], logvar.shape));
}

/** Input: `z` `[B, C, h, w]`. Output: `sample` `[B, out_channels, s h, s w]`, about -1..1. Letters as in `encode`. */
function decode(g: Graph, config: AutoencoderKlConfig): void {
  const z = g.input("z", [size("B"), config.latent_channels, size("h"), size("w")]);
  g.output("sample", decoded(g, config, z));
}

/** The encoding half. @param sample `[B, in_channels, s h, s w]` @returns mean and log variance, `[B, 2 C, h, w]` */
export function encoded(g: Graph, config: KlLayers, sample: Value): Value {
  const moments = encoder(g.scope("encoder"), config, sample);
  return config.use_quant_conv ? conv2d(g, "quant_conv", moments, 2 * config.latent_channels, 1) : moments;
}

/** The decoding half. @param z `[B, C, h, w]` @returns `[B, out_channels, s h, s w]` */
export function decoded(g: Graph, config: KlLayers, z: Value): Value {
  const latents = config.use_post_quant_conv ? conv2d(g, "post_quant_conv", z, config.latent_channels, 1) : z;
  return decoder(g.scope("decoder"), config, latents);
}

function encoder(g: Graph, config: KlLayers, sample: Value): Value {
  const { block_out_channels: channels, layers_per_block, latent_channels } = config;
  let x = conv2d(g, "conv_in", sample, channels[0]!, 3, { padding: 1 });
  for (const [level, width] of channels.entries()) {
    const block = g.scope(`down_blocks.${level}`);
    for (let i = 0; i < layers_per_block; i++) x = resnetBlock(block.scope(`resnets.${i}`), x, width, resnetOf(config));
    if (level < channels.length - 1) x = downsample(block.scope("downsamplers.0"), x, 0); // halves the size
  }
  x = middle(g.scope("mid_block"), config, x);
  return finish(g, config, x, 2 * latent_channels);
}

function decoder(g: Graph, config: KlLayers, latents: Value): Value {
  const { layers_per_block, out_channels } = config;
  const channels = [...config.block_out_channels].reverse();
  let x = conv2d(g, "conv_in", latents, channels[0]!, 3, { padding: 1 });
  x = middle(g.scope("mid_block"), config, x);
  for (const [level, width] of channels.entries()) {
    const block = g.scope(`up_blocks.${level}`);
    for (let i = 0; i < layers_per_block + 1; i++)
      x = resnetBlock(block.scope(`resnets.${i}`), x, width, resnetOf(config));
    if (level < channels.length - 1)
      x = conv2d(block, "upsamplers.0.conv", block.upsample(x, 2), width, 3, { padding: 1 }); // doubles it
  }
  return finish(g, config, x, out_channels);
}

function middle(g: Graph, config: KlLayers, x: Value): Value {
  const width = x.shape[1] as number;
  const groups = config.norm_num_groups;
  let y = resnetBlock(g.scope("resnets.0"), x, width, resnetOf(config));
  if (config.mid_block_add_attention) y = spatialAttention(g.scope("attentions.0"), y, { groups, eps: EPS });
  return resnetBlock(g.scope("resnets.1"), y, width, resnetOf(config));
}

function resnetOf({ act_fn, norm_num_groups }: KlLayers): ResnetOptions {
  return { activation: act_fn, groups: norm_num_groups, eps: EPS };
}

/** The reference ends in SiLU whatever `act_fn` is. */
function finish(g: Graph, { norm_num_groups }: KlLayers, x: Value, outChannels: number): Value {
  return conv2d(g, "conv_out", g.silu(groupNorm(g, "conv_norm_out", x, norm_num_groups, EPS)), outChannels, 3, {
    padding: 1,
  });
}
