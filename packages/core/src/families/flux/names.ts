import { withParts } from "../../weights/lora/original-names";
import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Rule } from "../../weights/single-file/rules";
import { xlabsNames } from "./xlabs-names";

/** FLUX.1 as its authors name it, https://github.com/black-forest-labs/flux, to FluxTransformer2DModel. */
export const fluxNames: readonly Rule[] = [
  ["img_in", "x_embedder"],
  ["txt_in", "context_embedder"],
  ...embedder("time_in", "timestep_embedder"),
  ...embedder("vector_in", "text_embedder"),
  ...embedder("guidance_in", "guidance_embedder"),

  ["double_blocks.*.img_mod.lin", "transformer_blocks.*.norm1.linear"],
  ["double_blocks.*.txt_mod.lin", "transformer_blocks.*.norm1_context.linear"],
  ["double_blocks.*.img_attn.qkv", ["to_q", "to_k", "to_v"].map((name) => `transformer_blocks.*.attn.${name}`)],
  [
    "double_blocks.*.txt_attn.qkv",
    ["add_q_proj", "add_k_proj", "add_v_proj"].map((name) => `transformer_blocks.*.attn.${name}`),
  ],
  ["double_blocks.*.img_attn.norm.query_norm.scale", "transformer_blocks.*.attn.norm_q.weight"],
  ["double_blocks.*.img_attn.norm.key_norm.scale", "transformer_blocks.*.attn.norm_k.weight"],
  ["double_blocks.*.txt_attn.norm.query_norm.scale", "transformer_blocks.*.attn.norm_added_q.weight"],
  ["double_blocks.*.txt_attn.norm.key_norm.scale", "transformer_blocks.*.attn.norm_added_k.weight"],
  ["double_blocks.*.img_attn.proj", "transformer_blocks.*.attn.to_out.0"],
  ["double_blocks.*.txt_attn.proj", "transformer_blocks.*.attn.to_add_out"],
  ["double_blocks.*.img_mlp.0", "transformer_blocks.*.ff.net.0.proj"],
  ["double_blocks.*.img_mlp.2", "transformer_blocks.*.ff.net.2"],
  ["double_blocks.*.txt_mlp.0", "transformer_blocks.*.ff_context.net.0.proj"],
  ["double_blocks.*.txt_mlp.2", "transformer_blocks.*.ff_context.net.2"],

  ["single_blocks.*.modulation.lin", "single_transformer_blocks.*.norm.linear"],
  [
    "single_blocks.*.linear1",
    ["attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp"].map((name) => `single_transformer_blocks.*.${name}`),
    { shares: [1, 1, 1, 4] },
  ],
  ["single_blocks.*.linear2", "single_transformer_blocks.*.proj_out"],
  ["single_blocks.*.norm.query_norm.scale", "single_transformer_blocks.*.attn.norm_q.weight"],
  ["single_blocks.*.norm.key_norm.scale", "single_transformer_blocks.*.attn.norm_k.weight"],

  ["final_layer.linear", "proj_out"],
  ["final_layer.adaLN_modulation.1", "norm_out.linear", { swapped: true }], // shift, scale there; scale, shift here
];

function embedder(from: string, to: string): Rule[] {
  return [
    [`${from}.in_layer`, `time_text_embed.${to}.linear_1`],
    [`${from}.out_layer`, `time_text_embed.${to}.linear_2`],
  ];
}

export const fluxFile: ModelFile = {
  mark: /^transformer_blocks\.0\.attn\.add_q_proj\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "black-forest-labs", mark: /^double_blocks\.0\./, rules: () => fluxNames }],
  loraNames: () => [...withParts(fluxNames), xlabsNames, [["img_in.proj", "x_embedder"]]],
};
