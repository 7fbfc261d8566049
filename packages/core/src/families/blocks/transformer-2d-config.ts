/**
 * Options that say nothing of what DiT and PixArt compute: notes on training and precision, and those of
 * Transformer2DModel, the class that older files name, which diffusers drops when it opens such a file.
 */
export const transformer2dOptionsWithoutEffect: readonly string[] = [
  ...["dropout", "norm_num_groups", "upcast_attention"],
  ...["num_vector_embeds", "use_linear_projection", "only_cross_attention", "double_self_attention"],
];
