/** What goes in and comes out, and embeddings of time and of other conditions, by diffusers' names. */
const modules =
  /(^|\.)(x_embedder|context_embedder|all_x_embedder|cap_embedder|pos_embed|patch_embed|conv_in|conv_out|proj_out|all_final_layer|final_layer|norm_out|t_embedder|time_embedding|time_text_embed|time_guidance_embed|add_embedding|class_embedding|adaln_single|caption_projection|img_in|txt_in)\./;

/** `proj_out` inside a block is a linear layer as any other. */
const inBlock = /(blocks|layers|refiner)\.\d+\./;

/**
 * Whether a weight stands outside of a model's blocks: few numbers, whose errors reach everything. Writers of image
 * models leave them in floats, and what goes into them is not rounded here.
 */
export function isSensitive(name: string): boolean {
  return modules.test(name) && !inBlock.test(name);
}
