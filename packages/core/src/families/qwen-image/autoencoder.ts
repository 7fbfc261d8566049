import type { Architecture, Warn } from "../../architecture/architecture";
import { count, counts, layerCount, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { type Dim, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, conv2d, pointwise } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { flag, list, number, type OptionSchema, supported } from "../../schema/option";
import { outputPosterior } from "../autoencoders/autoencoder-kl";
import { everything } from "../blocks/float32-parts";
import { toImage, toTokens } from "../blocks/pixels";
import { unitChannels } from "../blocks/rms-norm-channels";
import { qwenImageAutoencoderFile } from "./names";

/** `config.json` of AutoencoderKLQwenImage. */
export interface QwenImageAutoencoderConfig {
  readonly base_dim: number;
  readonly z_dim: number;
  /** Widths of the levels, in units of `base_dim`, the one of the image's size first. */
  readonly dim_mult: readonly number[];
  readonly num_res_blocks: number;
  readonly input_channels: number;
  /** Of the latents that the denoiser works with, a number a channel. */
  readonly latents_mean: readonly number[];
  readonly latents_std: readonly number[];
  /** Widths of the levels; no option of the file. */
  readonly block_out_channels: readonly number[];
  /** Pixels along a side of a tile; no option of the file. */
  readonly sample_size: number;
}

/** As the file has it. */
interface QwenImageAutoencoderFile extends Omit<QwenImageAutoencoderConfig, "block_out_channels" | "sample_size"> {
  readonly attn_scales: readonly number[];
  readonly temperal_downsample: readonly boolean[];
}

const CLASS_NAME = "AutoencoderKLQwenImage";
/** The reference's tiles, whatever the model was trained on. */
const TILE = 256;
/** The reference divides by lengths down to 1e-12, so that zeros stay zeros. */
const EPS = 1e-24;

/** Of the published model. */
export const latentStatistics = {
  latents_mean: [
    ...[-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508],
    ...[0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921],
  ],
  latents_std: [
    ...[2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743],
    ...[3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.916],
  ],
};

const parseFile = defineConfig<QwenImageAutoencoderFile>(
  CLASS_NAME,
  {
    base_dim: count(96, most.channels),
    z_dim: count(16, most.channels),
    dim_mult: counts([1, 2, 4, 4]),
    num_res_blocks: layerCount(2),
    // The reference's encoder fails with any.
    attn_scales: list<readonly number[]>([], {}, { maxItems: 0 }),
    temperal_downsample: list([false, true, true], flag(undefined), { maxItems: most.levels }),
    input_channels: supported<number>(3),
    latents_mean: statistics(latentStatistics.latents_mean, {}),
    latents_std: statistics(latentStatistics.latents_std, { exclusiveMinimum: 0 }),
  },
  { withoutEffect: ["dropout"] },
);

function statistics(value: readonly number[], limits: object): OptionSchema<readonly number[]> {
  return list(value, number(undefined, limits), { maxItems: most.channels });
}

/**
 * The autoencoder of Qwen-Image, https://arxiv.org/abs/2508.02324, section 2.3, which is that of the video model Wan,
 * https://arxiv.org/abs/2503.20314, section 4.1, for one frame: filters over time see zeros before it, and time is
 * neither shrunk nor stretched. Latents are the model's own: `latents_mean` and `latents_std` are the pipeline's to apply.
 */
export const qwenImageAutoencoder: Architecture<QwenImageAutoencoderConfig> = {
  className: CLASS_NAME,
  file: qwenImageAutoencoderFile,
  parse,
  entries: { encode, decode },
  float32: () => [everything("published in bfloat16 and float32; nobody says that float16 holds it")],
  withoutEffect: () => /\.time_conv\.(weight|bias)$/, // between frames
};

function parse(raw: unknown, warn?: Warn): QwenImageAutoencoderConfig {
  const { attn_scales, temperal_downsample: shrinks, ...file } = parseFile(raw, warn);
  const { z_dim: channels, latents_mean, latents_std, dim_mult, base_dim } = file;
  const problems = Object.entries({ latents_mean, latents_std }).flatMap(([option, { length }]) =>
    length === channels
      ? []
      : [`"${option}" must have an entry for each of ${channels} channels of "z_dim", found ${length}`],
  );
  if (shrinks.length !== dim_mult.length - 1)
    problems.push(
      `"temperal_downsample" must have an entry less than "dim_mult" (${dim_mult.length}), found ${shrinks.length}`,
    );
  if (dim_mult.slice(1).some((times) => (base_dim * times) % 2 !== 0))
    problems.push('"base_dim" times each of "dim_mult" but the first must be even, so that levels can be halved');
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return Object.freeze({ ...file, block_out_channels: dim_mult.map((times) => base_dim * times), sample_size: TILE });
}

/**
 * Shapes: B images, C latent channels, h and w latent size, s = 2 ^ (levels - 1) pixels a latent pixel.
 *
 * Input: `sample` `[B, 3, s h, s w]` in -1..1. Outputs: `mean` and `logvar` of the latents' distribution,
 * `[B, C, h, w]` each.
 */
function encode(g: Graph, config: QwenImageAutoencoderConfig): void {
  const { input_channels, z_dim, block_out_channels } = config;
  const scale = 2 ** (block_out_channels.length - 1);
  const sample = g.input("sample", [size("B"), input_channels, times(size("h"), scale), times(size("w"), scale)]);
  outputPosterior(g, causal(g, "quant_conv", encoder(g.scope("encoder"), config, sample), 2 * z_dim, 1));
}

/** Input: `z` `[B, C, h, w]`. Output: `sample` `[B, 3, s h, s w]`, about -1..1. Letters as in `encode`. */
function decode(g: Graph, config: QwenImageAutoencoderConfig): void {
  const z = g.input("z", [size("B"), config.z_dim, size("h"), size("w")]);
  g.output("sample", decoder(g.scope("decoder"), config, causal(g, "post_quant_conv", z, config.z_dim, 1)));
}

/** The reference counts blocks and changes of size in one list. */
function encoder(g: Graph, config: QwenImageAutoencoderConfig, sample: Value): Value {
  const { base_dim, z_dim, num_res_blocks, block_out_channels: channels } = config;
  let x = causal(g, "conv_in", sample, base_dim, 3);
  let at = 0;
  for (const [level, width] of channels.entries()) {
    for (let i = 0; i < num_res_blocks; i++) x = residual(g.scope(`down_blocks.${at++}`), x, width);
    if (level < channels.length - 1)
      x = conv2d(g, `down_blocks.${at++}.resample.1`, x, width, 3, { stride: 2, padding: [0, 0, 1, 1] });
  }
  return finish(g, middle(g.scope("mid_block"), x), 2 * z_dim);
}

/** Each change of size halves the channels, too. */
function decoder(g: Graph, config: QwenImageAutoencoderConfig, latents: Value): Value {
  const { num_res_blocks, input_channels } = config;
  const channels = [...config.block_out_channels].reverse();
  let x = middle(g.scope("mid_block"), causal(g, "conv_in", latents, channels[0]!, 3));
  for (const [level, width] of channels.entries()) {
    const block = g.scope(`up_blocks.${level}`);
    for (let i = 0; i <= num_res_blocks; i++) x = residual(block.scope(`resnets.${i}`), x, width);
    if (level < channels.length - 1)
      x = conv2d(block, "upsamplers.0.resample.1", block.upsample(x, 2), width / 2, 3, { padding: 1 });
  }
  return finish(g, x, input_channels);
}

function middle(g: Graph, x: Value): Value {
  const width = x.shape[1] as number;
  const y = pixelAttention(g.scope("attentions.0"), residual(g.scope("resnets.0"), x, width));
  return residual(g.scope("resnets.1"), y, width);
}

/** @param x `[B, C, H, W]` @returns `[B, width, H, W]` */
function residual(g: Graph, x: Value, width: number): Value {
  const shortcut = x.shape[1] === width ? x : causal(g, "conv_shortcut", x, width, 1);
  const inner = causal(g, "conv1", g.silu(normalize(g, "norm1", x)), width, 3);
  return g.add(causal(g, "conv2", g.silu(normalize(g, "norm2", inner)), width, 3), shortcut);
}

/** Self-attention over all pixels of a frame in one head, with a residual. @param x `[B, C, H, W]` */
function pixelAttention(g: Graph, x: Value): Value {
  const [, width, height, columns] = x.shape as [Dim, number, Dim, Dim];
  const normal = normalize(g, "norm", x, [width, 1, 1]);
  const projected = pointwise(g, "to_qkv", toTokens(g, normal), 3 * width); // [B, H W, 3 C]
  const [query, key, value] = g.chunk(projected, 3, 2) as [Value, Value, Value];
  const mixed = pointwise(g, "proj", attention(g, { kind: "self", query, key, value, heads: 1 }), width);
  return g.add(toImage(g, mixed, height, columns), x);
}

function finish(g: Graph, x: Value, outChannels: number): Value {
  return causal(g, "conv_out", g.silu(normalize(g, "norm_out", x)), outChannels, 3);
}

/** A convolution over frames, of the first. */
function causal(g: Graph, name: string, x: Value, outChannels: number, kernel: 1 | 3): Value {
  return conv2d(g, name, x, outChannels, kernel, { padding: (kernel - 1) / 2, frames: kernel });
}

/** RMS normalization over the channels. @param shape of its scale in the checkpoint */
function normalize(g: Graph, name: string, x: Value, shape?: readonly number[]): Value {
  const width = x.shape[1] as number;
  const scale = g.weight(`${name}.gamma`, shape ?? [width, 1, 1, 1]);
  return g.mul(unitChannels(g, x, EPS), g.reshape(scale, [width, 1, 1]));
}
