import { countOf, type ModelFile, type Rule, type Shapes } from "@skipstep/core/model";

/**
 * Names of https://github.com/pesser/pytorch_diffusion and https://github.com/ermongroup/ddim, in which the authors'
 * models are passed on, to UNet2DModel. There, levels of both ways are counted from the full resolution down.
 */
function ddpmRules(stored: Shapes): Rule[] {
  const levels = countOf(stored, "up.*");
  return [
    ["temb.dense.0", "time_embedding.linear_1"],
    ["temb.dense.1", "time_embedding.linear_2"],
    ["norm_out", "conv_norm_out"],
    ["down.*.downsample.conv", "down_blocks.*.downsamplers.0.conv"],
    ["down.*.downsample.op", "down_blocks.*.downsamplers.0.conv"], // as older files have it
    ...blocks("down.*", "down_blocks.*"),
    ...residual("mid.block_1", "mid_block.resnets.0"),
    ...attention("mid.attn_1", "mid_block.attentions.0"),
    ...residual("mid.block_2", "mid_block.resnets.1"),
    ...Array.from({ length: levels }, (_, level) => level).flatMap((level): Rule[] => [
      [`up.${level}.upsample.conv`, `up_blocks.${levels - 1 - level}.upsamplers.0.conv`],
      ...blocks(`up.${level}`, `up_blocks.${levels - 1 - level}`),
    ]),
  ];
}

function blocks(from: string, to: string): Rule[] {
  return [...residual(`${from}.block.*`, `${to}.resnets.*`), ...attention(`${from}.attn.*`, `${to}.attentions.*`)];
}

function residual(from: string, to: string): Rule[] {
  return [
    [`${from}.temb_proj`, `${to}.time_emb_proj`],
    [`${from}.nin_shortcut`, `${to}.conv_shortcut`],
    [from, to],
  ];
}

/** Projections are convolutions over single pixels there. */
function attention(from: string, to: string): Rule[] {
  const projections = { q: "to_q", k: "to_k", v: "to_v", proj_out: "to_out.0" };
  return [
    [`${from}.norm`, `${to}.group_norm`],
    ...Object.entries(projections).map(([own, name]): Rule => [`${from}.${own}`, `${to}.${name}`, { matrix: true }]),
  ];
}

export const unet2DFile: ModelFile = {
  mark: /^up_blocks\.0\.resnets\.0\.time_emb_proj\.weight$/,
  prefixes: [],
  layouts: [{ title: "ddpm", mark: /^temb\.dense\.0\./, rules: ddpmRules }],
};
