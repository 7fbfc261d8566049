import type { JsonObject } from "../../config/json";
import { partUnfit } from "../../errors/single-file";
import { countOf } from "../count-of";
import type { Shapes } from "../recipe";

const CLASS = "UNet2DConditionModel";

/**
 * config.json of a U-Net of Stable Diffusion 1 or XL. Widths, depths and block types are the tensors'; the heads, which no
 * shape tells, follow the models' rule: eight of them, or with linear projections one for every 64 channels.
 */
export function unetConfig(shapes: Shapes, pipeline: string): JsonObject {
  const at = (name: string): readonly number[] => shapes.get(name) ?? [];
  const levels = countOf(shapes, "down_blocks.*");
  const each = Array.from({ length: levels }, (_, level) => level);
  const widths = each.map((level) => at(`down_blocks.${level}.resnets.0.conv1.weight`)[0]!);
  const downDepths = each.map((level) => countOf(shapes, `down_blocks.${level}.attentions.0.transformer_blocks.*`));
  const upDepths = each.map((level) => countOf(shapes, `up_blocks.${level}.attentions.0.transformer_blocks.*`));
  const isUneven = each.some((level) => downDepths[level] !== upDepths[levels - 1 - level]);
  if (isUneven || countOf(shapes, "mid_block.attentions.0.transformer_blocks.*") !== Math.max(...downDepths))
    throw partUnfit(CLASS, pipeline, "must have as many transformer blocks on the way up as on the way down");

  const linear = [...shapes].some(([name, shape]) => name.endsWith("proj_in.weight") && shape.length === 2);
  const prompt = [...shapes].find(([name]) => name.endsWith("attn2.to_k.weight"))?.[1][1];
  const added = at("add_embedding.linear_1.weight")[1];
  return {
    _class_name: CLASS,
    in_channels: at("conv_in.weight")[1],
    out_channels: at("conv_out.weight")[0],
    block_out_channels: widths,
    layers_per_block: countOf(shapes, "down_blocks.0.resnets.*"),
    down_block_types: downDepths.map((depth) => (depth > 0 ? "CrossAttnDownBlock2D" : "DownBlock2D")),
    up_block_types: upDepths.map((depth) => (depth > 0 ? "CrossAttnUpBlock2D" : "UpBlock2D")),
    transformer_layers_per_block: downDepths.map((depth) => Math.max(1, depth)),
    cross_attention_dim: prompt,
    attention_head_dim: linear ? widths.map((width) => width / 64) : 8,
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
