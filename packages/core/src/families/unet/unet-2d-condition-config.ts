import type { Warn } from "../../architecture/architecture";
import { count, counts, most, optionalCount, sizeOption } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import {
  blockTypes,
  levelCounts,
  levelFlags,
  levelProblems,
  type PerLevel,
  perLevel,
} from "../../architecture/per-level";
import { modelOptions } from "../../errors/models";
import { shown } from "../../errors/shown";
import { flag, number, supported } from "../../schema/option";
import { type Activation, activationOption } from "../blocks/activation";
import type { ClassOptions } from "../blocks/class-embedding";
import type { TimeScaleShift } from "../blocks/resnet-block";
import {
  type DepthOptions,
  depthOptions,
  depthProblems,
  type TransformerDepths,
  transformerDepths,
} from "./transformer-depths";

type DownType = "CrossAttnDownBlock2D" | "DownBlock2D";
type UpType = "CrossAttnUpBlock2D" | "UpBlock2D";

/** Options that config.json has in one form only. */
interface PlainOptions extends ClassOptions {
  /** Latent pixels of the images that it was trained on: along a side, or height and width. */
  readonly sample_size: number | readonly [number, number] | null;
  readonly in_channels: number;
  readonly out_channels: number;
  readonly center_input_sample: boolean;
  readonly flip_sin_to_cos: boolean;
  readonly freq_shift: number;
  readonly down_block_types: readonly DownType[];
  readonly mid_block_type: "UNetMidBlock2DCrossAttn" | "UNetMidBlock2D" | null;
  readonly up_block_types: readonly UpType[];
  readonly block_out_channels: readonly number[];
  readonly downsample_padding: 0 | 1;
  readonly mid_block_scale_factor: number;
  readonly act_fn: Activation;
  readonly norm_num_groups: number;
  readonly norm_eps: number;
  readonly use_linear_projection: boolean;
  readonly addition_embed_type: "text_time" | null;
  readonly addition_time_embed_dim: number | null;
  readonly projection_class_embeddings_input_dim: number | null;
  readonly resnet_time_scale_shift: TimeScaleShift;
  readonly time_embedding_type: "positional" | "fourier";
  readonly time_embedding_dim: number | null;
  readonly time_embedding_act_fn: Activation | null;
  readonly timestep_post_act: Activation | null;
  readonly time_cond_proj_dim: number | null;
  readonly conv_in_kernel: number;
  readonly conv_out_kernel: number;
}

/** `config.json` of UNet2DConditionModel, as the file has it. */
interface UNet2DConditionFile extends PlainOptions, DepthOptions {
  readonly only_cross_attention: PerLevel<boolean>;
  readonly layers_per_block: PerLevel<number>;
  readonly cross_attention_dim: PerLevel<number>;
  /** The number of heads, whatever its name says. */
  readonly attention_head_dim: PerLevel<number>;
  readonly num_attention_heads: null;
  readonly dual_cross_attention: boolean;
  readonly encoder_hid_dim: null;
  readonly encoder_hid_dim_type: null;
  readonly attention_type: "default";
  readonly class_embeddings_concat: boolean;
}

/** `config.json` of UNet2DConditionModel; lists have one entry a level, from the full resolution down. */
export interface UNet2DConditionConfig extends PlainOptions {
  readonly only_cross_attention: readonly boolean[];
  readonly layers_per_block: readonly number[];
  /** Width of the prompt. */
  readonly cross_attention_dim: number;
  readonly heads: readonly number[];
  readonly depths: TransformerDepths;
}

const className = "UNet2DConditionModel";
/** Sizes that SDXL is told of: original height and width, top and left of the crop, target height and width. */
export const TIME_IDS = 6;
const activations = ["silu", "swish", "gelu", "relu", "mish"] as const;
const parseFile = defineConfig<UNet2DConditionFile>(
  className,
  {
    sample_size: sizeOption<PlainOptions["sample_size"]>(null),
    in_channels: count(4, most.channels),
    out_channels: count(4, most.channels),
    center_input_sample: flag(false),
    flip_sin_to_cos: flag(true),
    freq_shift: number(0),
    down_block_types: blockTypes<DownType>(
      ["CrossAttnDownBlock2D", "DownBlock2D"],
      ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    ),
    mid_block_type: supported("UNetMidBlock2DCrossAttn", "UNetMidBlock2D", null),
    up_block_types: blockTypes<UpType>(
      ["CrossAttnUpBlock2D", "UpBlock2D"],
      ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    ),
    only_cross_attention: levelFlags(false),
    block_out_channels: counts([320, 640, 1280, 1280]),
    layers_per_block: levelCounts(2, most.layers),
    downsample_padding: { enum: [0, 1], default: 1 },
    mid_block_scale_factor: number(1),
    act_fn: activationOption("silu"),
    norm_num_groups: count(32),
    norm_eps: number(1e-5),
    cross_attention_dim: levelCounts(1280),
    ...depthOptions,
    encoder_hid_dim: supported(null),
    encoder_hid_dim_type: supported(null),
    attention_head_dim: levelCounts(8),
    num_attention_heads: supported(null), // the reference refuses it, too
    dual_cross_attention: supported<boolean>(false),
    use_linear_projection: flag(false),
    class_embed_type: supported(null, "timestep"),
    addition_embed_type: supported(null, "text_time"),
    addition_time_embed_dim: optionalCount(null),
    num_class_embeds: optionalCount(null),
    resnet_time_scale_shift: supported("default", "scale_shift"),
    time_embedding_type: supported("positional", "fourier"),
    time_embedding_dim: optionalCount(null),
    time_embedding_act_fn: supported<Activation | null>(null, ...activations),
    timestep_post_act: supported<Activation | null>(null, ...activations),
    time_cond_proj_dim: optionalCount(null),
    conv_in_kernel: count(3, most.patch),
    conv_out_kernel: count(3, most.patch),
    projection_class_embeddings_input_dim: optionalCount(null),
    attention_type: supported("default"),
    class_embeddings_concat: supported<boolean>(false),
  },
  {
    withoutEffect: [
      ...["dropout", "upcast_attention", "addition_embed_type_num_heads"],
      // Of block types that are not supported only.
      ...["resnet_skip_time_act", "resnet_out_scale_factor", "cross_attention_norm", "mid_block_only_cross_attention"],
    ],
  },
);

export function parseUNet2DConditionConfig(raw: unknown, warn?: Warn): UNet2DConditionConfig {
  const file = parseFile(raw, warn);
  const lists = levelProblems(file, [
    ...(["down_block_types", "up_block_types", "only_cross_attention", "layers_per_block"] as const),
    ...(["cross_attention_dim", "attention_head_dim"] as const),
    ...(["transformer_layers_per_block", "reverse_transformer_layers_per_block"] as const),
  ]);
  if (lists.length > 0) throw modelOptions(className, lists);

  const levels = file.block_out_channels.length;
  const layers = perLevel(file.layers_per_block, levels);
  const problems = [...promptProblems(file), ...depthProblems(file, layers), ...additionProblems(file)];
  if (problems.length > 0) throw modelOptions(className, problems);
  const { dual_cross_attention, attention_type, class_embeddings_concat, ...options } = file;
  const { encoder_hid_dim, encoder_hid_dim_type, num_attention_heads, attention_head_dim, ...kept } = options;
  const { transformer_layers_per_block, reverse_transformer_layers_per_block, ...plain } = kept;
  return Object.freeze({
    ...plain,
    only_cross_attention: perLevel(file.only_cross_attention, levels),
    layers_per_block: layers,
    cross_attention_dim: promptWidths(file)[0]!,
    heads: perLevel(attention_head_dim, levels),
    depths: transformerDepths(file, layers),
  });
}

/** Widths of the prompt in all attentions that read it. */
function promptWidths(file: UNet2DConditionFile): readonly number[] {
  const { down_block_types, up_block_types, mid_block_type, cross_attention_dim } = file;
  const widths = perLevel(cross_attention_dim, down_block_types.length);
  const reading = widths.filter(
    (_, i) =>
      down_block_types[i] === "CrossAttnDownBlock2D" ||
      up_block_types.at(-1 - i) === "CrossAttnUpBlock2D" ||
      (i === widths.length - 1 && mid_block_type === "UNetMidBlock2DCrossAttn"),
  );
  return reading.length > 0 ? reading : widths;
}

function promptProblems(file: UNet2DConditionFile): string[] {
  const different = new Set(promptWidths(file)).size > 1;
  return different
    ? [`"cross_attention_dim" must be the same for all attentions, found ${shown(file.cross_attention_dim)}`]
    : [];
}

function additionProblems(file: UNet2DConditionFile): string[] {
  if (file.addition_embed_type === null) return [];
  const { addition_time_embed_dim: time, projection_class_embeddings_input_dim: all } = file;
  if (time === null) return ['"addition_time_embed_dim" must be a number for "text_time", found null'];
  const least = TIME_IDS * time + 1;
  return all !== null && all >= least
    ? []
    : [`"projection_class_embeddings_input_dim" must be >= ${least} for "text_time", found ${all}`];
}
