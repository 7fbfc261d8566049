import { withParts } from "../../weights/lora/original-names";
import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Rule } from "../../weights/single-file/rules";

/** PixArt as its authors name it, https://github.com/PixArt-alpha/PixArt-sigma, to PixArtTransformer2DModel. */
export const pixartNames: readonly Rule[] = [
  ["x_embedder.proj", "pos_embed.proj"],
  ...embedder("t_embedder", "timestep_embedder"),
  ...embedder("csize_embedder", "resolution_embedder"),
  ...embedder("ar_embedder", "aspect_ratio_embedder"),
  ["t_block.1", "adaln_single.linear"],
  ["y_embedder.y_proj.fc1", "caption_projection.linear_1"],
  ["y_embedder.y_proj.fc2", "caption_projection.linear_2"],

  ["blocks.*.scale_shift_table", "transformer_blocks.*.scale_shift_table"],
  ["blocks.*.attn.qkv", ["to_q", "to_k", "to_v"].map((name) => `transformer_blocks.*.attn1.${name}`)],
  ["blocks.*.attn.proj", "transformer_blocks.*.attn1.to_out.0"],
  ["blocks.*.cross_attn.q_linear", "transformer_blocks.*.attn2.to_q"],
  ["blocks.*.cross_attn.kv_linear", ["to_k", "to_v"].map((name) => `transformer_blocks.*.attn2.${name}`)],
  ["blocks.*.cross_attn.proj", "transformer_blocks.*.attn2.to_out.0"],
  ["blocks.*.mlp.fc1", "transformer_blocks.*.ff.net.0.proj"],
  ["blocks.*.mlp.fc2", "transformer_blocks.*.ff.net.2"],

  ["final_layer.scale_shift_table", "scale_shift_table"],
  ["final_layer.linear", "proj_out"],
];

function embedder(from: string, to: string): Rule[] {
  return [
    [`${from}.mlp.0`, `adaln_single.emb.${to}.linear_1`],
    [`${from}.mlp.2`, `adaln_single.emb.${to}.linear_2`],
  ];
}

export const pixartFile: ModelFile = {
  mark: /^adaln_single\.linear\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "PixArt-alpha", mark: /^t_block\.1\./, rules: () => pixartNames }],
  loraNames: () => withParts(pixartNames),
};
