/** config.json of Stable Diffusion 1.5's parts, as https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5 has them. */
export const sd15 = {
  unet: {
    sample_size: 64,
    cross_attention_dim: 768,
    attention_head_dim: 8,
    block_out_channels: [320, 640, 1280, 1280],
    layers_per_block: 2,
    down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
    up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
  },
  vae: {
    block_out_channels: [128, 256, 512, 512],
    layers_per_block: 2,
    latent_channels: 4,
    sample_size: 512,
    down_block_types: new Array<string>(4).fill("DownEncoderBlock2D"),
    up_block_types: new Array<string>(4).fill("UpDecoderBlock2D"),
  },
  text_encoder: {
    vocab_size: 49_408,
    hidden_size: 768,
    intermediate_size: 3072,
    num_hidden_layers: 12,
    num_attention_heads: 12,
    max_position_embeddings: 77,
    projection_dim: 768,
    hidden_act: "quick_gelu",
  },
} as const;
