import type { Architecture, Warn } from "../../architecture/architecture";
import { allOf, count, counts, layerCount, most, sizeOption } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { type Dim, over, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import { flag, list, number } from "../../schema/option";
import { decoded, encoded, type KlLayers } from "../autoencoders/autoencoder-kl";
import { activationOption } from "../blocks/activation";
import { everything } from "../blocks/float32-parts";
import { flux2AutoencoderFile } from "./names";
import { PATCH } from "./patches";

/** `config.json` of AutoencoderKLFlux2. */
export interface Flux2AutoencoderConfig extends KlLayers {
  readonly in_channels: number;
  readonly down_block_types: readonly "DownEncoderBlock2D"[];
  readonly up_block_types: readonly "UpDecoderBlock2D"[];
  /** Where the decoder's differ from the encoder's. */
  readonly decoder_block_out_channels: readonly number[] | null;
  /** Pixels of the images that it was trained on, along a side or height and width; the size of tiles. */
  readonly sample_size: number | readonly [number, number];
  readonly batch_norm_eps: number;
  readonly patch_size: readonly number[];
}

const CLASS_NAME = "AutoencoderKLFlux2";
const levels = [128, 256, 512, 512];

const parseFile = defineConfig<Flux2AutoencoderConfig>(
  CLASS_NAME,
  {
    in_channels: count(3, most.channels),
    out_channels: count(3, most.channels),
    latent_channels: count(32, most.channels),
    down_block_types: allOf(
      "DownEncoderBlock2D",
      levels.map(() => "DownEncoderBlock2D"),
    ),
    up_block_types: allOf(
      "UpDecoderBlock2D",
      levels.map(() => "UpDecoderBlock2D"),
    ),
    block_out_channels: counts(levels),
    decoder_block_out_channels: { ...counts([]), type: ["array", "null"], default: null },
    sample_size: sizeOption<Flux2AutoencoderConfig["sample_size"]>(1024),
    layers_per_block: layerCount(2),
    act_fn: activationOption("silu"),
    norm_num_groups: count(32),
    mid_block_add_attention: flag(true),
    use_quant_conv: flag(true),
    use_post_quant_conv: flag(true),
    batch_norm_eps: number(1e-4, { minimum: 0 }),
    patch_size: list([PATCH, PATCH], { enum: [PATCH] }, { minItems: 2, maxItems: 2 }),
  },
  { withoutEffect: ["batch_norm_momentum", "force_upcast"] },
);

/**
 * The autoencoder of FLUX.2, https://github.com/black-forest-labs/flux2: that of latent diffusion, and statistics of
 * its latents by channel and place in a patch of 2 x 2 (a batch normalization without weights), which the model's
 * latents are scaled by.
 */
export const flux2Autoencoder: Architecture<Flux2AutoencoderConfig> = {
  className: CLASS_NAME,
  file: flux2AutoencoderFile,
  parse,
  entries: { encode, decode },
  float32: () => [everything("its config says force_upcast")],
};

function parse(raw: unknown, warn?: Warn): Flux2AutoencoderConfig {
  const config = parseFile(raw, warn);
  const { length } = config.block_out_channels;
  const options = ["down_block_types", "up_block_types", "decoder_block_out_channels"] as const;
  const problems = options.flatMap((option) => {
    const found = config[option]?.length ?? length;
    return found === length
      ? []
      : [`"${option}" must have as many entries as "block_out_channels" (${length}), found ${found}`];
  });
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return config;
}

/**
 * Shapes: B images, C latent channels, h and w patches of 2 x 2 latent pixels, s = 2 ^ levels pixels a patch.
 *
 * Input: `sample` `[B, in_channels, s h, s w]` in -1..1. Output: `latents` `[B, C, 2 h, 2 w]`, the mean of their
 * distribution, normalized.
 */
function encode(g: Graph, config: Flux2AutoencoderConfig): void {
  const scale = 2 ** config.block_out_channels.length;
  const sample = g.input("sample", [size("B"), config.in_channels, times(size("h"), scale), times(size("w"), scale)]);
  const [mean] = g.chunk(encoded(g, config, sample), 2, 1) as [Value, Value];
  g.output(
    "latents",
    byPlace(g, mean, (x) => g.div(g.sub(x, meanOf(g, config)), deviationOf(g, config))),
  );
}

/** Input: `z` `[B, C, 2 h, 2 w]`, normalized. Output: `sample` `[B, out_channels, s h, s w]`, about -1..1. Letters as in `encode`. */
function decode(g: Graph, config: Flux2AutoencoderConfig): void {
  const { latent_channels, block_out_channels, decoder_block_out_channels } = config;
  const z = g.input("z", [size("B"), latent_channels, times(size("h"), PATCH), times(size("w"), PATCH)]);
  const latents = byPlace(g, z, (x) => g.add(g.mul(x, deviationOf(g, config)), meanOf(g, config)));
  const layers = { ...config, block_out_channels: decoder_block_out_channels ?? block_out_channels };
  g.output("sample", decoded(g, layers, latents));
}

/** Lets a body see latents by place in their patch, `[B, C, h, 2, w, 2]`. @param x `[B, C, 2 h, 2 w]` @returns the same */
function byPlace(g: Graph, x: Value, body: (apart: Value) => Value): Value {
  const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
  const apart = g.reshape(x, [batch, channels, over(height, PATCH), PATCH, over(width, PATCH), PATCH]);
  return g.reshape(body(apart), x.shape);
}

/** @returns `[1, C, 1, 2, 1, 2]` */
function meanOf(g: Graph, config: Flux2AutoencoderConfig): Value {
  return statistic(g, "running_mean", config);
}

/** @returns as `meanOf` */
function deviationOf(g: Graph, config: Flux2AutoencoderConfig): Value {
  return g.sqrt(g.add(statistic(g, "running_var", config), g.constant(config.batch_norm_eps)));
}

function statistic(g: Graph, name: string, { latent_channels: channels }: Flux2AutoencoderConfig): Value {
  return g.reshape(g.scope("bn").weight(name, [channels * PATCH ** 2]), [1, channels, 1, PATCH, 1, PATCH]);
}
