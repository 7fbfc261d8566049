/** Lists of blocks, by the names that diffusers and transformers have for them. */
const inBlock =
  /(^|\.)(transformer_blocks|single_transformer_blocks|blocks|layers|noise_refiner|context_refiner|block)\.\d+\./;

/**
 * What stays as it is inside of blocks: modulation (a few rows, and errors in it scale the whole block), what turns
 * text into keys and values (it is small and the same at each step), projections in U-Nets' blocks around.
 */
const sensitive =
  /(^|\.)(adaLN_modulation|ada_norm|norm\d*(_context)?|img_mod|txt_mod|attn2\.to_[kv]|time_emb_proj|timestep_embedder|.*embedder|proj_in|relative_attention_bias)\./;

/** Whether SVDQuant takes a linear layer: attention and feed forward of the blocks. @param weight `layers.0.attention.to_q.weight` */
export function isTarget(weight: string): boolean {
  return inBlock.test(weight) && !sensitive.test(weight.replace(/^.*?(?=(transformer_)?blocks?\.|layers\.)/, ""));
}
