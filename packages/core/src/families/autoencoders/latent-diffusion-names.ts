import { countOf } from "../../weights/single-file/count-of";
import type { ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";

/**
 * The autoencoder of https://github.com/CompVis/latent-diffusion, to AutoencoderKL. Its decoder counts levels from the
 * full resolution down, diffusers' from the latents up.
 */
export function latentDiffusionVaeRules(stored: Shapes): Rule[] {
  return [...coder("encoder", stored), ...coder("decoder", stored)];
}

function coder(name: "encoder" | "decoder", stored: Shapes): Rule[] {
  const levels = countOf(stored, `${name}.up.*`);
  return [
    [`${name}.norm_out`, `${name}.conv_norm_out`],
    ...residual(`${name}.mid.block_1`, `${name}.mid_block.resnets.0`),
    ...residual(`${name}.mid.block_2`, `${name}.mid_block.resnets.1`),
    [`${name}.mid.attn_1.norm`, `${name}.mid_block.attentions.0.group_norm`],
    ...Object.entries({ q: "to_q", k: "to_k", v: "to_v", proj_out: "to_out.0" }).map(
      ([from, to]): Rule => [`${name}.mid.attn_1.${from}`, `${name}.mid_block.attentions.0.${to}`, { matrix: true }],
    ),
    ...residual(`${name}.down.*.block.*`, `${name}.down_blocks.*.resnets.*`),
    [`${name}.down.*.downsample.conv`, `${name}.down_blocks.*.downsamplers.0.conv`],
    ...Array.from({ length: levels }, (_, level) => level).flatMap((level): Rule[] => [
      ...residual(`${name}.up.${level}.block.*`, `${name}.up_blocks.${levels - 1 - level}.resnets.*`),
      [`${name}.up.${level}.upsample.conv`, `${name}.up_blocks.${levels - 1 - level}.upsamplers.0.conv`],
    ]),
  ];
}

function residual(from: string, to: string): Rule[] {
  return [
    [`${from}.nin_shortcut`, `${to}.conv_shortcut`],
    [from, to],
  ];
}

export const autoencoderFile: ModelFile = {
  mark: /^decoder\.mid_block\.resnets\.0\.conv1\.weight$/,
  prefixes: [{ text: "first_stage_model." }, { text: "vae." }],
  layouts: [{ title: "latent-diffusion", mark: /^(encoder|decoder)\.mid\.block_1\./, rules: latentDiffusionVaeRules }],
};
