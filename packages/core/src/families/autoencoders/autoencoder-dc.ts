import type { Architecture } from "../../architecture/architecture";
import { type Dim, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { activate } from "../blocks/activation";
import { efficientVitBlock } from "../blocks/efficient-vit-block";
import { everything } from "../blocks/float32-parts";
import { pixelShuffle, pixelUnshuffle } from "../blocks/pixel-shuffle";
import { rmsNormChannels } from "../blocks/rms-norm-channels";
import { type AutoencoderDcConfig, CLASS_NAME, type DcHalf, parseAutoencoderDc } from "./autoencoder-dc-config";

/**
 * The deep compression autoencoder, https://arxiv.org/abs/2410.10733: levels are joined by shortcuts that move pixels
 * into channels, and the small ones have linear attention. Latents are the model's own: `scaling_factor` is the
 * pipeline's to apply.
 */
export const autoencoderDc: Architecture<AutoencoderDcConfig> = {
  className: CLASS_NAME,
  parse: parseAutoencoderDc,
  entries: { encode, decode },
  float32: () => [everything("published in bfloat16 and float32; its authors decode in neither less")],
};

/** Of a change of resolution. */
interface Resampling {
  /** Through a convolution between pixels, instead of one that makes channels for them. */
  readonly plain: boolean;
  readonly shortcut: boolean;
}

/**
 * Shapes: B images, C latent channels, h and w latent size, s = 2 ^ (levels - 1) pixels a latent pixel.
 *
 * Input: `sample` `[B, in_channels, s h, s w]` in -1..1. Output: `latents` `[B, C, h, w]`.
 */
function encode(root: Graph, config: AutoencoderDcConfig): void {
  const { in_channels, latent_channels, encoder: half, encoder_out_shortcut } = config;
  const { block_out_channels: channels, layers_per_block: layers } = half;
  const scale = 2 ** (channels.length - 1);
  const sample = root.input("sample", [size("B"), in_channels, times(size("h"), scale), times(size("w"), scale)]);
  const g = root.scope("encoder");
  const plain = config.downsample_block_type === "Conv";
  let x =
    layers[0] === 0
      ? shrink(g.scope("conv_in"), sample, channels[1]!, { plain, shortcut: false })
      : conv2d(g, "conv_in", sample, channels[0]!, 3, { padding: 1 });
  for (const [level, count] of layers.entries()) {
    const inner = g.scope(`down_blocks.${level}`);
    for (let i = 0; i < count; i++) x = block(inner.scope(`${i}`), config, half, level, x);
    if (level < layers.length - 1 && count > 0)
      x = shrink(inner.scope(`${count}`), x, channels[level + 1]!, { plain, shortcut: true });
  }
  const latents = conv2d(g, "conv_out", x, latent_channels, 3, { padding: 1 });
  root.output("latents", encoder_out_shortcut ? g.add(latents, meanChannels(g, x, latent_channels)) : latents);
}

/** Input: `z` `[B, C, h, w]`. Output: `sample` `[B, in_channels, s h, s w]`, about -1..1. Letters as in `encode`. */
function decode(root: Graph, config: AutoencoderDcConfig): void {
  const { in_channels, latent_channels, decoder: half, decoder_in_shortcut, decoder_conv_act_fn } = config;
  const { block_out_channels: channels, layers_per_block: layers } = half;
  const z = root.input("z", [size("B"), latent_channels, size("h"), size("w")]);
  const g = root.scope("decoder");
  const plain = config.upsample_block_type === "interpolate";
  const widest = channels.at(-1)!;
  let x = conv2d(g, "conv_in", z, widest, 3, { padding: 1 });
  if (decoder_in_shortcut) x = g.add(x, repeatChannels(g, z, widest));
  for (let level = layers.length - 1; level >= 0; level--) {
    const inner = g.scope(`up_blocks.${level}`);
    const first = level < layers.length - 1 ? 1 : 0;
    if (layers[level] === 0) continue;
    if (first === 1) x = enlarge(inner.scope("0"), x, channels[level]!, { plain, shortcut: true });
    for (let i = 0; i < layers[level]!; i++) x = block(inner.scope(`${first + i}`), config, half, level, x);
  }
  const normal = activate(g, decoder_conv_act_fn, rmsNormChannels(g, "norm_out", x));
  root.output(
    "sample",
    layers[0] === 0
      ? enlarge(g.scope("conv_out"), normal, in_channels, { plain, shortcut: false })
      : conv2d(g, "conv_out", normal, in_channels, 3, { padding: 1 }),
  );
}

function block(g: Graph, config: AutoencoderDcConfig, half: DcHalf, level: number, x: Value): Value {
  const heads = { headDim: config.attention_head_dim, filters: half.qkv_multiscales[level]! };
  if (half.block_types[level] === "EfficientViTBlock") return efficientVitBlock(g, x, heads);
  const width = x.shape[1] as number;
  const inner = activate(g, half.act_fns[level]!, conv2d(g, "conv1", x, width, 3, { padding: 1 }));
  const outer = conv2d(g, "conv2", inner, width, 3, { padding: 1, bias: false });
  return g.add(rmsNormChannels(g, "norm", outer), x);
}

/** Half the size. @param x `[B, C, 2 h, 2 w]` @returns `[B, width, h, w]` */
function shrink(g: Graph, x: Value, width: number, { plain, shortcut }: Resampling): Value {
  const y = plain
    ? conv2d(g, "conv", x, width, 3, { padding: 1, stride: 2 })
    : pixelUnshuffle(g, conv2d(g, "conv", x, width / 4, 3, { padding: 1 }), 2);
  return shortcut ? g.add(y, meanChannels(g, pixelUnshuffle(g, x, 2), width)) : y;
}

/** Twice the size. @param x `[B, C, h, w]` @returns `[B, width, 2 h, 2 w]` */
function enlarge(g: Graph, x: Value, width: number, { plain, shortcut }: Resampling): Value {
  const y = plain
    ? conv2d(g, "conv", g.upsample(x, 2), width, 3, { padding: 1 })
    : pixelShuffle(g, conv2d(g, "conv", x, 4 * width, 3, { padding: 1 }), 2);
  return shortcut ? g.add(y, pixelShuffle(g, repeatChannels(g, x, 4 * width), 2)) : y;
}

/** Each channel several times in a row. @param x `[B, C, H, W]` @returns `[B, count, H, W]` */
function repeatChannels(g: Graph, x: Value, count: number): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const repeats = count / channels;
  const apart = g.reshape(x, [batch, channels, 1, height, width]);
  return g.reshape(g.expand(apart, [1, 1, repeats, 1, 1]), [batch, count, height, width]);
}

/** Means of neighbouring channels. @param x `[B, C, H, W]` @returns `[B, count, H, W]` */
function meanChannels(g: Graph, x: Value, count: number): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const groups = g.reshape(x, [batch, count, channels / count, height, width]);
  return g.node("ReduceMean", [groups, g.constant([2], undefined, "int64")], [batch, count, height, width], {
    attributes: { keepdims: { int: 0 } },
  });
}
