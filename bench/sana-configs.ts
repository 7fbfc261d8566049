/** config.json of SANA's parts at 0.6 billion parameters, as https://huggingface.co/Efficient-Large-Model/Sana_600M_512px_diffusers has them. */
export const sana600M = {
  transformer: {
    num_attention_heads: 36,
    num_layers: 28,
    num_cross_attention_heads: 16,
    cross_attention_head_dim: 72,
    cross_attention_dim: 1152,
    sample_size: 16,
  },
  vae: {
    decoder_block_types: blockTypes(),
    encoder_block_types: blockTypes(),
    downsample_block_type: "Conv",
    upsample_block_type: "interpolate",
    encoder_qkv_multiscales: [[], [], [], [], [], []],
    scaling_factor: 0.41407,
  },
};

function blockTypes(): readonly string[] {
  return [...new Array<string>(3).fill("ResBlock"), ...new Array<string>(3).fill("EfficientViTBlock")];
}
