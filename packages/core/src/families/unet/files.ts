import type { SkipstepError } from "../../errors/error";
import { partUnfit } from "../../errors/single-file";
import type { JsonObject } from "../../schema/json";
import { countOf } from "../../weights/single-file/count-of";
import type { KnownModel } from "../../weights/single-file/known-pipeline";
import type { Shapes } from "../../weights/single-file/recipe";

const CLASS = "UNet2DConditionModel";
/** Channels of a head where projections are linear. */
const HEAD = 64;

/** The U-Net of a pipeline. @param sampleSize latents along a side that it was trained on, which no shape tells */
export function knownUnet(pipeline: string, sampleSize: number): KnownModel {
  return {
    kind: "model",
    library: "diffusers",
    className: CLASS,
    config: (shapes) => ({ ...unetConfig(shapes, pipeline), sample_size: sampleSize }),
  };
}

/** Width of the prompt's states that a U-Net reads. */
export function promptWidth(shapes: Shapes): number | undefined {
  return [...shapes].find(([name]) => name.endsWith("attn2.to_k.weight"))?.[1][1];
}

/** Whether the projections around its attentions are linear, and no convolutions. */
export function isLinear(shapes: Shapes): boolean {
  return [...shapes].some(([name, shape]) => name.endsWith("proj_in.weight") && shape.length === 2);
}

/**
 * config.json of a U-Net of Stable Diffusion 1, 2 or XL, or of one that was distilled from them. Widths, the layers of
 * each level, the depth of each attention and the block in the middle are the tensors'; the heads, which no shape tells,
 * follow the models' rule: eight of them, or with linear projections one for every 64 channels.
 * @throws SKIPSTEP_FILE_PART for what UNet2DConditionModel cannot be told
 */
export function unetConfig(shapes: Shapes, pipeline: string): JsonObject {
  const at = (name: string): readonly number[] => shapes.get(name) ?? [];
  const down = blocksOf(shapes, "down_blocks", pipeline);
  const up = blocksOf(shapes, "up_blocks", pipeline);
  const levels = down.length;
  const mirrored = [...up].reverse();
  for (const [level, { layers }] of down.entries()) {
    const found = mirrored[level]?.layers;
    if (found !== layers + 1)
      throw unfit(
        pipeline,
        `down_blocks.${level} has ${layers} layers, so that up_blocks.${levels - 1 - level} must have ${layers + 1}, found ${found ?? 0}`,
      );
  }

  const guidance = at("time_embedding.cond_proj.weight")[1];
  return {
    ...wayDownConfig(shapes, pipeline),
    _class_name: CLASS,
    out_channels: at("conv_out.weight")[0],
    conv_in_kernel: at("conv_in.weight")[2],
    conv_out_kernel: at("conv_out.weight")[2],
    up_block_types: up.map(({ depths: own }) => (own.length > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D")),
    reverse_transformer_layers_per_block: up.map(({ depths: own }) => depthsOf(own)),
    ...(guidance === undefined ? {} : { time_cond_proj_dim: guidance }),
  };
}

/** What a U-Net's config.json says of its way down, which is all that a ControlNet has. @throws SKIPSTEP_FILE_PART */
export function wayDownConfig(shapes: Shapes, pipeline: string): JsonObject {
  const at = (name: string): readonly number[] => shapes.get(name) ?? [];
  const down = blocksOf(shapes, "down_blocks", pipeline);
  const levels = down.length;
  const middle = middleOf(shapes, pipeline);
  const depths = down.map(({ depths: own }) => own);
  // The depth in the middle is the last level's, which has its own only where it has attention.
  if (middle.depth !== undefined) {
    const last = depths[levels - 1]!;
    if (last.length === 0) depths[levels - 1] = [middle.depth];
    else if (last[0] !== middle.depth || last.some((depth) => depth !== last[0]))
      throw unfit(
        pipeline,
        `mid_block must have as many transformer blocks as down_blocks.${levels - 1} (${last.join(", ")}), found ${middle.depth}`,
      );
  }

  const linear = isLinear(shapes);
  const widths = down.map(({ width }) => width);
  const added = at("add_embedding.linear_1.weight")[1];
  return {
    in_channels: at("conv_in.weight")[1],
    block_out_channels: widths,
    layers_per_block: oneOf(down.map(({ layers }) => layers)),
    down_block_types: down.map(({ depths: own }) => (own.length > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D")),
    mid_block_type: middle.type,
    transformer_layers_per_block: depths.map(depthsOf),
    cross_attention_dim: promptWidth(shapes),
    attention_head_dim: linear ? widths.map((width) => width / HEAD) : 8,
    use_linear_projection: linear,
    ...(added === undefined
      ? {}
      : {
          addition_embed_type: "text_time",
          addition_time_embed_dim: 256,
          projection_class_embeddings_input_dim: added,
        }),
  };
}

/** A block on the way down or up. */
interface Block {
  readonly width: number;
  readonly layers: number;
  /** Transformer blocks of each layer's attention; empty for a block without attention. */
  readonly depths: readonly number[];
}

function blocksOf(shapes: Shapes, list: string, pipeline: string): Block[] {
  return Array.from({ length: countOf(shapes, `${list}.*`) }, (_, i) => {
    const block = `${list}.${i}`;
    const layers = countOf(shapes, `${block}.resnets.*`);
    const attentions = countOf(shapes, `${block}.attentions.*`);
    const [width] = shapes.get(`${block}.resnets.0.conv1.weight`) ?? [];
    if (width === undefined) throw unfit(pipeline, `${block} must have residual blocks, found none`);
    if (attentions !== 0 && attentions !== layers)
      throw unfit(
        pipeline,
        `${block} must have an attention in each of its ${layers} layers or in none, found ${attentions}`,
      );
    const depths = Array.from({ length: attentions }, (__, layer) => depthOf(shapes, `${block}.attentions.${layer}`));
    return { width, layers, depths };
  });
}

/** @returns its depth, where it has attention */
function middleOf(shapes: Shapes, pipeline: string): { readonly type: string | null; readonly depth?: number } {
  const layers = countOf(shapes, "mid_block.resnets.*");
  const attentions = countOf(shapes, "mid_block.attentions.*");
  if (layers === 0 && attentions === 0) return { type: null };
  if (layers === 1 && attentions === 0) return { type: "UNetMidBlock2D" };
  if (layers === 2 && attentions === 1)
    return { type: "UNetMidBlock2DCrossAttn", depth: depthOf(shapes, "mid_block.attentions.0") };
  throw unfit(
    pipeline,
    `mid_block must have one residual block, or two around an attention, found ${layers} and ${attentions} attentions`,
  );
}

function depthOf(shapes: Shapes, attention: string): number {
  return countOf(shapes, `${attention}.transformer_blocks.*`);
}

/** One number where all attentions of a block are as deep, and for a block without any. */
function depthsOf(depths: readonly number[]): number | readonly number[] {
  return depths.length === 0 ? 1 : oneOf(depths);
}

function oneOf(numbers: readonly number[]): number | readonly number[] {
  const [first] = numbers;
  return numbers.every((number) => number === first) ? first! : numbers;
}

function unfit(pipeline: string, problem: string): SkipstepError {
  return partUnfit(CLASS, pipeline, `cannot be read: ${problem}`);
}
