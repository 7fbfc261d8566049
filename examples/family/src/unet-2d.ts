import type { Dim, Value } from "@skipstep/core/model";
import {
  type Activation,
  type Architecture,
  activate,
  activationOption,
  averagePool,
  blockTypes,
  type ClassOptions,
  classEmbedding,
  conv2d,
  count,
  counts,
  type DownBlock,
  defineConfig,
  downsample,
  embedCondition,
  flag,
  type Graph,
  gaussianFourier,
  groupNorm,
  layerCount,
  levelProblems,
  modelOptions,
  most,
  number,
  optionalCount,
  type ResnetOptions,
  resnetBlock,
  sinusoids,
  size,
  sizeOption,
  spatialAttention,
  supported,
  type TimeScaleShift,
  type UNetBlocks,
  type UpBlock,
  unetBody,
  unetStructure,
  upsample,
  type Warn,
} from "@skipstep/core/model";
import { unet2DFile } from "./file";

type DownType = "DownBlock2D" | "AttnDownBlock2D";
type UpType = "UpBlock2D" | "AttnUpBlock2D";

/** `config.json` of UNet2DModel. */
export interface UNet2DConfig extends ClassOptions {
  readonly in_channels: number;
  readonly out_channels: number;
  /** Pixels along a side, or height and width. */
  readonly sample_size: number | readonly number[] | null;
  readonly center_input_sample: boolean;
  readonly time_embedding_type: "positional" | "fourier";
  readonly time_embedding_dim: number | null;
  readonly freq_shift: number;
  readonly flip_sin_to_cos: boolean;
  readonly down_block_types: readonly DownType[];
  readonly mid_block_type: "UNetMidBlock2D" | null;
  readonly up_block_types: readonly UpType[];
  readonly block_out_channels: readonly number[];
  readonly layers_per_block: number;
  readonly mid_block_scale_factor: number;
  readonly downsample_padding: 0 | 1;
  /** Of blocks with attention. */
  readonly downsample_type: "conv" | "resnet";
  /** Of blocks with attention. */
  readonly upsample_type: "conv" | "resnet";
  readonly act_fn: Activation;
  /** Channels of a head; null makes one head of all. */
  readonly attention_head_dim: number | null;
  readonly norm_num_groups: number;
  readonly attn_norm_num_groups: number | null;
  readonly norm_eps: number;
  readonly resnet_time_scale_shift: TimeScaleShift;
  readonly add_attention: boolean;
}

const className = "UNet2DModel";

const parseFile = defineConfig<UNet2DConfig>(
  className,
  {
    in_channels: count(3, most.channels),
    out_channels: count(3, most.channels),
    sample_size: sizeOption<UNet2DConfig["sample_size"]>(null),
    center_input_sample: flag(false),
    time_embedding_type: supported("positional", "fourier"),
    time_embedding_dim: optionalCount(null),
    freq_shift: number(0),
    flip_sin_to_cos: flag(true),
    down_block_types: blockTypes<DownType>(
      ["DownBlock2D", "AttnDownBlock2D"],
      ["DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
    ),
    mid_block_type: supported("UNetMidBlock2D", null),
    up_block_types: blockTypes<UpType>(
      ["AttnUpBlock2D", "UpBlock2D"],
      ["AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
    ),
    block_out_channels: counts([224, 448, 672, 896]),
    layers_per_block: layerCount(2),
    mid_block_scale_factor: number(1),
    downsample_padding: { enum: [0, 1], default: 1 },
    downsample_type: supported("conv", "resnet"),
    upsample_type: supported("conv", "resnet"),
    act_fn: activationOption("silu"),
    attention_head_dim: optionalCount(8),
    norm_num_groups: count(32),
    attn_norm_num_groups: optionalCount(null),
    norm_eps: number(1e-5),
    resnet_time_scale_shift: supported("default", "scale_shift"),
    add_attention: flag(true),
    class_embed_type: supported(null, "timestep"),
    num_class_embeds: optionalCount(null),
  },
  { withoutEffect: ["dropout", "num_train_timesteps"] }, // the last is of learned time embeddings
);

/** The U-Net of denoising diffusion, without a prompt, https://arxiv.org/abs/2006.11239. */
export const unet2D: Architecture<UNet2DConfig> = {
  className,
  parse,
  structure: (config) => {
    const levels = config.down_block_types.map((type, i) => ({
      layers: config.layers_per_block,
      downAttention: type === "AttnDownBlock2D",
      upAttention: config.up_block_types.at(-1 - i) === "AttnUpBlock2D",
    }));
    return unetStructure(className, levels, config.mid_block_type !== null);
  },
  entries: { forward },
  file: unet2DFile,
};

function parse(raw: unknown, warn?: Warn): UNet2DConfig {
  const config = parseFile(raw, warn);
  const problems = levelProblems(config, ["down_block_types", "up_block_types"]);
  if (problems.length > 0) throw modelOptions(className, problems);
  return config;
}

/**
 * Shapes: B images, h and w their size.
 *
 * Inputs: `sample` `[B, in_channels, h, w]`; `timestep` `[B]`, 0 (image) to 999 (noise), or with `fourier` the noise
 * level, above 0; with classes `class_labels` `[B]`. Output: `sample` `[B, out_channels, h, w]`.
 */
function forward(g: Graph, config: UNet2DConfig): void {
  const { in_channels, out_channels, block_out_channels, norm_num_groups, norm_eps, time_embedding_type } = config;
  const batch = size("B");
  const sample = g.input("sample", [batch, in_channels, size("h"), size("w")]);
  const timestep = g.timeInput("timestep", [batch]);
  const time = activate(g, config.act_fn, embedTime(g, config, timestep, batch)); // [B, time width]

  const centered = config.center_input_sample ? g.sub(g.mul(sample, g.constant(2)), g.constant(1)) : sample;
  const x = conv2d(g, "conv_in", centered, block_out_channels[0]!, 3, { padding: 1 });
  const y = unetBody(g, x, blocks(config, time)); // [B, block_out_channels[0], h, w]
  // SiLU whatever `act_fn` is, as in the reference.
  const normal = g.silu(groupNorm(g, "conv_norm_out", y, norm_num_groups, norm_eps));
  const out = conv2d(g, "conv_out", normal, out_channels, 3, { padding: 1 });
  g.output("sample", time_embedding_type === "fourier" ? g.div(out, g.reshape(timestep, [batch, 1, 1, 1])) : out);
}

/** @returns `[B, time width]` */
function embedTime(g: Graph, config: UNet2DConfig, timestep: Value, batch: Dim): Value {
  const { block_out_channels, flip_sin_to_cos: cosFirst, freq_shift: shift } = config;
  const [channels] = block_out_channels as [number];
  const width = config.time_embedding_dim ?? 4 * channels;
  const waves = (t: Value): Value =>
    config.time_embedding_type === "fourier"
      ? gaussianFourier(g.scope("time_proj"), t, channels, { logarithm: true, cosFirst: false })
      : sinusoids(g.scope("time_proj"), t, channels, { cosFirst, shift });
  const embedder = g.scope("time_embedding");
  const time = embedCondition(embedder, waves(timestep), width);
  embedder.tap(time);
  const label = classEmbedding(g, config, { waves, width, activation: "silu" }, batch);
  return label ? g.add(time, label) : time;
}

function blocks(config: UNet2DConfig, time: Value): UNetBlocks {
  const { block_out_channels: channels, layers_per_block: layers, norm_num_groups: groups, norm_eps: eps } = config;
  const last = channels.length - 1;
  const resnet: ResnetOptions = {
    activation: config.act_fn,
    groups,
    eps,
    time,
    timeScaleShift: config.resnet_time_scale_shift,
  };
  const attention = { groups, eps, ...(config.attention_head_dim ? { headDim: config.attention_head_dim } : {}) };
  const attend = (g: Graph, x: Value): Value => spatialAttention(g, x, attention);
  const outputScale = config.mid_block_scale_factor;
  const middleGroups = config.attn_norm_num_groups ?? (config.resnet_time_scale_shift === "default" ? groups : null);
  const convolved: DownBlock["downsample"] = (g, x) => downsample(g, x, config.downsample_padding);
  const pooled: DownBlock["downsample"] = (g, x) =>
    resnetBlock(g, x, x.shape[1] as number, { ...resnet, resample: averagePool });
  const resized: UpBlock["upsample"] = (g, x, height, width) =>
    resnetBlock(g, x, x.shape[1] as number, { ...resnet, resample: (inner, y) => inner.resize(y, height, width) });
  return {
    down: config.down_block_types.map((type, i) => ({
      width: channels[i]!,
      layers,
      attend: type === "AttnDownBlock2D" ? attend : undefined,
      downsample:
        i === last ? undefined : type === "AttnDownBlock2D" && config.downsample_type === "resnet" ? pooled : convolved,
    })),
    middle: config.mid_block_type
      ? {
          width: channels[last]!,
          layers: 2,
          attend: config.add_attention
            ? (g, x) => spatialAttention(g, x, { ...attention, groups: middleGroups, outputScale })
            : undefined,
        }
      : undefined,
    up: config.up_block_types.map((type, i) => ({
      width: channels[last - i]!,
      layers: layers + 1,
      attend: type === "AttnUpBlock2D" ? attend : undefined,
      upsample:
        i === last ? undefined : type === "AttnUpBlock2D" && config.upsample_type === "resnet" ? resized : upsample,
    })),
    resnet,
    middleResnet: { ...resnet, outputScale },
  };
}
