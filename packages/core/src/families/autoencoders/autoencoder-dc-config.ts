import type { Warn } from "../../architecture/architecture";
import { count, counts, most } from "../../architecture/config-option";
import { defineConfig } from "../../architecture/define-config";
import { modelOptions } from "../../errors/models";
import { flag, integer, list, number, type OptionSchema, supported } from "../../schema/option";
import { type Activation, activationOption } from "../blocks/activation";

/** One half of an AutoencoderDC, level by level, the one of the image's size first. */
export interface DcHalf {
  readonly block_out_channels: readonly number[];
  readonly block_types: readonly DcBlock[];
  readonly layers_per_block: readonly number[];
  /** Sizes of the filters beside whose results attention sees the pixels themselves. */
  readonly qkv_multiscales: readonly (readonly number[])[];
  readonly act_fns: readonly Activation[];
}

export type DcBlock = "ResBlock" | "EfficientViTBlock";

/** `config.json` of AutoencoderDC. */
export interface AutoencoderDcConfig {
  readonly in_channels: number;
  readonly latent_channels: number;
  readonly attention_head_dim: number;
  readonly encoder: DcHalf;
  readonly decoder: DcHalf;
  readonly upsample_block_type: "pixel_shuffle" | "interpolate";
  readonly downsample_block_type: "pixel_unshuffle" | "Conv";
  readonly encoder_out_shortcut: boolean;
  readonly decoder_in_shortcut: boolean;
  readonly decoder_conv_act_fn: Activation;
  readonly scaling_factor: number;
  /** As `decoder`'s: what tells how much smaller latents are. */
  readonly decoder_block_out_channels: readonly number[];
  /** Pixels along a side of a tile; no option of the file. */
  readonly sample_size: number;
  /** Share of a tile that it has in common with its neighbour; no option of the file. */
  readonly tile_overlap: number;
}

/** As the file has it: both halves side by side, and one value for all levels in place of a list. */
interface AutoencoderDcFile
  extends Omit<AutoencoderDcConfig, "encoder" | "decoder" | "sample_size" | "tile_overlap" | "encoder_block_types"> {
  readonly encoder_block_types: EachLevel<DcBlock>;
  readonly decoder_block_types: EachLevel<DcBlock>;
  readonly encoder_block_out_channels: readonly number[];
  readonly encoder_layers_per_block: readonly number[];
  readonly decoder_layers_per_block: readonly number[];
  readonly encoder_qkv_multiscales: readonly (readonly number[])[];
  readonly decoder_qkv_multiscales: readonly (readonly number[])[];
  readonly decoder_norm_types: EachLevel<"rms_norm">;
  readonly decoder_act_fns: EachLevel<Activation>;
}

type EachLevel<Value> = Value | readonly Value[];

export const CLASS_NAME = "AutoencoderDC";
/** The reference cuts images into tiles of 512 pixels, one every 448, whatever the model was trained on. */
const TILES = { sample_size: 512, tile_overlap: 1 / 8 } as const;

const parseFile = defineConfig<AutoencoderDcFile>(CLASS_NAME, {
  in_channels: count(3, most.channels),
  latent_channels: count(32, most.channels),
  attention_head_dim: count(32, most.channels),
  encoder_block_types: eachLevel(supported<DcBlock>("ResBlock", "EfficientViTBlock")),
  decoder_block_types: eachLevel(supported<DcBlock>("ResBlock", "EfficientViTBlock")),
  encoder_block_out_channels: counts([128, 256, 512, 512, 1024, 1024]),
  decoder_block_out_channels: counts([128, 256, 512, 512, 1024, 1024]),
  encoder_layers_per_block: layers([2, 2, 2, 3, 3, 3]),
  decoder_layers_per_block: layers([3, 3, 3, 3, 3, 3]),
  encoder_qkv_multiscales: filters([[], [], [], [5], [5], [5]]),
  decoder_qkv_multiscales: filters([[], [], [], [5], [5], [5]]),
  upsample_block_type: supported<AutoencoderDcConfig["upsample_block_type"]>("pixel_shuffle", "interpolate"),
  downsample_block_type: supported<AutoencoderDcConfig["downsample_block_type"]>("pixel_unshuffle", "Conv"),
  decoder_norm_types: eachLevel(supported("rms_norm")),
  decoder_act_fns: eachLevel(activationOption("silu")),
  encoder_out_shortcut: flag(true),
  decoder_in_shortcut: flag(true),
  decoder_conv_act_fn: activationOption("relu"),
  scaling_factor: number(1),
});

export function parseAutoencoderDc(raw: unknown, warn?: Warn): AutoencoderDcConfig {
  const { decoder_norm_types, ...file } = parseFile(raw, warn);
  const problems: string[] = [];
  const half = (name: "encoder" | "decoder", act_fns: EachLevel<Activation>): DcHalf => {
    const block_out_channels = file[`${name}_block_out_channels`];
    const levels = block_out_channels.length;
    const lists = {
      [`${name}_block_types`]: levelsOf(file[`${name}_block_types`], levels),
      [`${name}_layers_per_block`]: file[`${name}_layers_per_block`],
      [`${name}_qkv_multiscales`]: file[`${name}_qkv_multiscales`],
      [name === "decoder" ? "decoder_act_fns" : ""]: levelsOf(act_fns, levels),
    };
    for (const [option, { length }] of Object.entries(lists))
      if (length !== levels)
        problems.push(`"${option}" must have an entry for each of ${levels} levels, found ${length}`);
    const made = {
      block_out_channels,
      block_types: levelsOf(file[`${name}_block_types`], levels),
      layers_per_block: file[`${name}_layers_per_block`],
      qkv_multiscales: file[`${name}_qkv_multiscales`],
      act_fns: levelsOf(act_fns, levels),
    };
    problems.push(...halfProblems(name, made, file));
    return made;
  };
  const config = {
    ...file,
    ...TILES,
    encoder: half("encoder", "silu"),
    decoder: half("decoder", file.decoder_act_fns),
  };
  if (config.encoder.block_out_channels.length !== config.decoder.block_out_channels.length)
    problems.push('"encoder_block_out_channels" and "decoder_block_out_channels" must have as many levels');
  if (problems.length > 0) throw modelOptions(CLASS_NAME, problems);
  return Object.freeze(config);
}

/** Widths that the blocks and the shortcuts between them cannot divide. */
function halfProblems(
  name: "encoder" | "decoder",
  { block_out_channels: channels, block_types, layers_per_block }: DcHalf,
  file: Omit<AutoencoderDcFile, "decoder_norm_types">,
): string[] {
  const { latent_channels, attention_head_dim, encoder_out_shortcut, decoder_in_shortcut } = file;
  const problems: string[] = [];
  const option = `${name}_block_out_channels`;
  const [lowest] = channels.slice(-1) as [number];
  if (channels.length < 2) problems.push(`"${option}" must have at least 2 levels, found ${channels.length}`);
  if ((name === "encoder" ? encoder_out_shortcut : decoder_in_shortcut) && lowest % latent_channels !== 0)
    problems.push(`"${option}" must end in a multiple of "latent_channels" (${latent_channels}), found ${lowest}`);
  for (const [level, width] of channels.entries()) {
    if (level > 0 && layers_per_block[level] === 0)
      problems.push(`"${name}_layers_per_block" may be 0 at the first level only, found 0 at level ${level}`);
    const above = channels[level - 1];
    const merged = name === "encoder" && file.downsample_block_type === "pixel_unshuffle" && width % 4 !== 0;
    if (above !== undefined && ((4 * above) % width !== 0 || merged))
      problems.push(`"${option}" must be such that a level divides 4 times the one above, found ${above} and ${width}`);
    if (block_types[level] === "EfficientViTBlock" && width % attention_head_dim !== 0)
      problems.push(`"${option}" must be multiples of "attention_head_dim" (${attention_head_dim}), found ${width}`);
  }
  return problems;
}

function levelsOf<Value>(value: EachLevel<Value>, levels: number): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : new Array<Value>(levels).fill(value as Value);
}

function eachLevel<Value>({ default: value, ...schema }: OptionSchema<Value>): OptionSchema<EachLevel<Value>> {
  return { anyOf: [schema, { type: "array", items: schema, maxItems: most.levels }], default: value };
}

function layers(value: readonly number[]): OptionSchema<readonly number[]> {
  return list(value, integer(undefined, { minimum: 0, maximum: most.layers }), { maxItems: most.levels });
}

function filters(value: readonly (readonly number[])[]): OptionSchema<readonly (readonly number[])[]> {
  const side = { enum: [1, 3, 5, 7, 9, 11, 13, 15] }; // an even one would change the picture's size
  return list(value, list(undefined, side, { maxItems: most.levels }), { maxItems: most.levels });
}
