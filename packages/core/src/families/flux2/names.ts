import { denoiserPrefixes, type ModelFile } from "../../weights/single-file/model-file";
import type { Shapes } from "../../weights/single-file/recipe";
import type { Rule } from "../../weights/single-file/rules";
import { autoencoderFile, latentDiffusionVaeRules } from "../autoencoders/latent-diffusion-names";

/** FLUX.2 as its authors name it, https://github.com/black-forest-labs/flux2, to Flux2Transformer2DModel. */
export const flux2Names: readonly Rule[] = [
  ["img_in", "x_embedder"],
  ["txt_in", "context_embedder"],
  ...embedder("time_in", "timestep_embedder"),
  ...embedder("guidance_in", "guidance_embedder"),
  ["double_stream_modulation_img.lin", "double_stream_modulation_img.linear"],
  ["double_stream_modulation_txt.lin", "double_stream_modulation_txt.linear"],
  ["single_stream_modulation.lin", "single_stream_modulation.linear"],

  ...stream("img", ["to_q", "to_k", "to_v"], ["norm_q", "norm_k"], "to_out.0", "ff"),
  ...stream(
    "txt",
    ["add_q_proj", "add_k_proj", "add_v_proj"],
    ["norm_added_q", "norm_added_k"],
    "to_add_out",
    "ff_context",
  ),

  ["single_blocks.*.linear1", "single_transformer_blocks.*.attn.to_qkv_mlp_proj"],
  ["single_blocks.*.linear2", "single_transformer_blocks.*.attn.to_out"],
  ["single_blocks.*.norm.query_norm.scale", "single_transformer_blocks.*.attn.norm_q.weight"],
  ["single_blocks.*.norm.key_norm.scale", "single_transformer_blocks.*.attn.norm_k.weight"],

  ["final_layer.linear", "proj_out"],
  ["final_layer.adaLN_modulation.1", "norm_out.linear", { swapped: true }], // shift, scale there; scale, shift here
];

function embedder(from: string, to: string): Rule[] {
  return [
    [`${from}.in_layer`, `time_guidance_embed.${to}.linear_1`],
    [`${from}.out_layer`, `time_guidance_embed.${to}.linear_2`],
  ];
}

/** What image and text have each for itself. */
function stream(
  from: string,
  projections: readonly string[],
  norms: readonly [query: string, key: string],
  output: string,
  feedForward: string,
): Rule[] {
  const [block, to] = [`double_blocks.*.${from}`, "transformer_blocks.*"];
  return [
    [`${block}_attn.qkv`, projections.map((name) => `${to}.attn.${name}`)],
    [`${block}_attn.norm.query_norm.scale`, `${to}.attn.${norms[0]}.weight`],
    [`${block}_attn.norm.key_norm.scale`, `${to}.attn.${norms[1]}.weight`],
    [`${block}_attn.proj`, `${to}.attn.${output}`],
    [`${block}_mlp.0`, `${to}.${feedForward}.linear_in`],
    [`${block}_mlp.2`, `${to}.${feedForward}.linear_out`],
  ];
}

export const flux2File: ModelFile = {
  mark: /^double_stream_modulation_img\.linear\.weight$/,
  prefixes: denoiserPrefixes,
  layouts: [{ title: "black-forest-labs", mark: /^double_stream_modulation_img\.lin\./, rules: () => flux2Names }],
  loraNames: () => [flux2Names, [["sformer_blocks.*", "transformer_blocks.*"]]],
};

/** FLUX.2's authors have the convolutions around the latents inside of the two halves. */
function flux2VaeRules(stored: Shapes): Rule[] {
  return [
    ["encoder.quant_conv", "quant_conv"],
    ["decoder.post_quant_conv", "post_quant_conv"],
    ...latentDiffusionVaeRules(stored),
  ];
}

export const flux2AutoencoderFile: ModelFile = {
  mark: /^bn\.running_mean$/,
  prefixes: autoencoderFile.prefixes,
  layouts: [{ title: "black-forest-labs", mark: /^(encoder|decoder)\.mid\.block_1\./, rules: flux2VaeRules }],
};
