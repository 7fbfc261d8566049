import type { Architecture } from "../../architecture/architecture";
import { type Dim, size, times } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { conv2d, groupNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { activate } from "../blocks/activation";
import { classEmbedding } from "../blocks/class-embedding";
import { gaussianFourier } from "../blocks/gaussian-fourier";
import { downsample, upsample } from "../blocks/resample";
import type { ResnetOptions } from "../blocks/resnet-block";
import { spatialTransformer } from "../blocks/spatial-transformer";
import { embedCondition, sinusoids } from "../blocks/timestep-embedding";
import { unetFile } from "./latent-diffusion-names";
import { parseUNet2DConditionConfig, TIME_IDS, type UNet2DConditionConfig } from "./unet-2d-condition-config";
import { type UNetBlock, type UNetBlocks, unetBody } from "./unet-body";
import { unetStructure } from "./unet-structure";

/** A U-Net's config, and whether ControlNets steer it. */
export interface SteeredUNetConfig extends UNet2DConditionConfig {
  readonly steered?: boolean;
}

/**
 * The U-Net of Stable Diffusion 1, 2 and XL that attends to a prompt, https://arxiv.org/abs/2112.10752 and
 * https://arxiv.org/abs/2307.01952.
 */
export const unet2DCondition: Architecture<SteeredUNetConfig> = {
  className: "UNet2DConditionModel",
  file: unetFile,
  parse: parseUNet2DConditionConfig,
  structure: (config) => {
    const levels = config.layers_per_block.map((layers, i) => ({
      layers,
      downAttention: config.down_block_types[i] === "CrossAttnDownBlock2D",
      upAttention: config.up_block_types.at(-1 - i) === "CrossAttnUpBlock2D",
    }));
    return unetStructure("UNet2DConditionModel", levels, config.mid_block_type !== null, ["picture-tokens"]);
  },
  entries: { forward },
};

/**
 * Shapes: B batch, C latent channels, h and w latent size, S tokens of the prompt.
 *
 * Inputs: `sample` `[B, C, h, w]`; `timestep` `[B]`, 0 (image) to 999 (noise); `encoder_hidden_states`
 * `[B, S, cross_attention_dim]`. With `addition_embed_type` `text_embeds` `[B, P]` and `time_ids` `[B, 6]`; with
 * `time_cond_proj_dim` `timestep_cond` `[B, time_cond_proj_dim]`; with classes `class_labels` `[B]`; where it is steered
 * `residual.0`, ... and `residual.middle`, of the shapes that down layers and the middle block give.
 * Output: `sample` `[B, out_channels, h, w]`, what the scheduler's prediction type says.
 */
function forward(g: Graph, config: SteeredUNetConfig): void {
  const { in_channels, out_channels, block_out_channels, act_fn, norm_num_groups, norm_eps } = config;
  const batch = size("B");
  const sample = g.input("sample", [batch, in_channels, size("h"), size("w")]);
  const timestep = g.timeInput("timestep", [batch]);
  const prompt = g.steadyInput("encoder_hidden_states", [batch, size("S"), config.cross_attention_dim]);
  const time = activate(g, act_fn, embedTime(g, config, timestep, batch)); // [B, time width]

  const centered = config.center_input_sample ? g.sub(g.mul(sample, g.constant(2)), g.constant(1)) : sample;
  const x = conv2d(g, "conv_in", centered, block_out_channels[0]!, config.conv_in_kernel, {
    padding: Math.floor((config.conv_in_kernel - 1) / 2),
  });
  const parts = blocks(config, time, prompt);
  const y = unetBody(g, x, config.steered ? { ...parts, steer } : parts); // [B, block_out_channels[0], h, w]
  const normal = activate(g, act_fn, groupNorm(g, "conv_norm_out", y, norm_num_groups, norm_eps));
  const out = conv2d(g, "conv_out", normal, out_channels, config.conv_out_kernel, {
    padding: Math.floor((config.conv_out_kernel - 1) / 2),
  });
  g.output("sample", out);
}

/** What ControlNets give is not known before: it enters where it is added. */
function steer(g: Graph, x: Value, skip: number | "middle"): Value {
  return g.add(x, g.input(residualName(skip), x.shape));
}

/** Name of what ControlNets give to one down layer, or the middle block. */
export function residualName(skip: number | "middle"): string {
  return `residual.${skip}`;
}

/** Timestep, guidance, class, size and pooled prompt in one vector. @returns `[B, time width]` */
export function embedTime(g: Graph, config: UNet2DConditionConfig, timestep: Value, batch: Dim): Value {
  const { block_out_channels, time_embedding_type, act_fn, flip_sin_to_cos: cosFirst, freq_shift: shift } = config;
  const [channels] = block_out_channels as [number];
  const isFourier = time_embedding_type === "fourier";
  const width = config.time_embedding_dim ?? channels * (isFourier ? 2 : 4);
  const waves = (t: Value): Value =>
    isFourier
      ? gaussianFourier(g.scope("time_proj"), t, width / 2, { logarithm: false, cosFirst })
      : sinusoids(g.scope("time_proj"), t, channels, { cosFirst, shift });

  const embedder = g.scope("time_embedding");
  const guided = addGuidance(embedder, config, waves(timestep), batch);
  let time = embedCondition(embedder, guided, width, { activation: act_fn });
  if (config.timestep_post_act) time = activate(embedder, config.timestep_post_act, time);
  embedder.tap(time);
  const label = classEmbedding(g, config, { waves, width, activation: act_fn }, batch);
  if (label) time = g.add(time, label);
  if (config.addition_embed_type) time = g.add(time, embedSize(g, config, width, batch));
  return config.time_embedding_act_fn ? activate(g, config.time_embedding_act_fn, time) : time;
}

/** Guidance strength as an input, https://arxiv.org/abs/2310.04378, section 4.3. @param waves `[B, N]` */
function addGuidance(g: Graph, { time_cond_proj_dim }: UNet2DConditionConfig, waves: Value, batch: Dim): Value {
  if (time_cond_proj_dim === null) return waves;
  const condition = g.steadyInput("timestep_cond", [batch, time_cond_proj_dim]);
  return g.add(waves, linear(g, "cond_proj", condition, waves.shape[1] as number, { bias: false }));
}

/** Pooled prompt, sizes and crop, https://arxiv.org/abs/2307.01952, section 2.2. @returns `[B, width]` */
function embedSize(g: Graph, config: UNet2DConditionConfig, width: number, batch: Dim): Value {
  const { addition_time_embed_dim, projection_class_embeddings_input_dim, flip_sin_to_cos, freq_shift } = config;
  const [each, all] = [addition_time_embed_dim!, projection_class_embeddings_input_dim!]; // parse saw to it
  const pooled = g.steadyInput("text_embeds", [batch, all - TIME_IDS * each]);
  const ids = g.reshape(g.steadyInput("time_ids", [batch, TIME_IDS]), [times(batch, TIME_IDS)]);
  const waves = sinusoids(g.scope("add_time_proj"), ids, each, { cosFirst: flip_sin_to_cos, shift: freq_shift }); // [6 B, each]
  const embedder = g.scope("add_embedding");
  const added = embedCondition(embedder, g.concat([pooled, g.reshape(waves, [batch, TIME_IDS * each])], 1), width);
  embedder.tap(added);
  return added;
}

export function blocks(config: UNet2DConditionConfig, time: Value, prompt: Value): UNetBlocks {
  const { block_out_channels: channels, layers_per_block: layers, norm_num_groups: groups, depths, heads } = config;
  const last = channels.length - 1;
  const resnet: ResnetOptions = {
    activation: config.act_fn,
    groups,
    eps: config.norm_eps,
    time,
    timeScaleShift: config.resnet_time_scale_shift,
  };
  const attention =
    (level: number, depth: readonly number[], onlyCrossAttention: boolean): UNetBlock["attend"] =>
    (g, x, layer) =>
      spatialTransformer(g, x, prompt, {
        heads: heads[level]!,
        depth: depth[layer]!,
        groups,
        linearProjection: config.use_linear_projection,
        onlyCrossAttention,
        downsample: 2 ** level,
      });
  const isCross = config.mid_block_type === "UNetMidBlock2DCrossAttn";
  return {
    down: config.down_block_types.map((type, i) => ({
      width: channels[i]!,
      layers: layers[i]!,
      attend:
        type === "CrossAttnDownBlock2D" ? attention(i, depths.down[i]!, config.only_cross_attention[i]!) : undefined,
      downsample: i < last ? (g, x) => downsample(g, x, config.downsample_padding) : undefined,
    })),
    middle:
      config.mid_block_type === null
        ? undefined
        : {
            width: channels[last]!,
            layers: isCross ? 2 : 1,
            attend: isCross ? attention(last, [depths.middle], false) : undefined,
          },
    up: config.up_block_types.map((type, i) => {
      const level = last - i;
      return {
        width: channels[level]!,
        layers: layers[level]! + 1,
        attend:
          type === "CrossAttnUpBlock2D"
            ? attention(level, depths.up[i]!, config.only_cross_attention[level]!)
            : undefined,
        upsample: i < last ? upsample : undefined,
      };
    }),
    resnet,
    middleResnet: { ...resnet, outputScale: config.mid_block_scale_factor },
  };
}
