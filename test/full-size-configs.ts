/** Configs of models as they are published; the keys that say what is computed. */

/** https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5 */
export const stableDiffusionUNet = {
  act_fn: "silu",
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
};

const encoder = new Array<string>(4).fill("DownEncoderBlock2D");
const decoder = new Array<string>(4).fill("UpDecoderBlock2D");

export const stableDiffusionVae = {
  act_fn: "silu",
  block_out_channels: [128, 256, 512, 512],
  down_block_types: encoder,
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 512,
  scaling_factor: 0.18215,
  up_block_types: decoder,
};

export const stableDiffusionScheduler = {
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
};

/** https://huggingface.co/stabilityai/stable-diffusion-2-1 */
export const stableDiffusion2Scheduler = {
  ...stableDiffusionScheduler,
  clip_sample: false,
  prediction_type: "v_prediction",
};

/** https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0 */
export const stableDiffusionXlUNet = {
  ...stableDiffusionUNet,
  addition_embed_type: "text_time",
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
  projection_class_embeddings_input_dim: 2816,
  sample_size: 128,
  transformer_layers_per_block: [1, 2, 10],
  up_block_types: ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
  use_linear_projection: true,
};

export const stableDiffusionXlVae = { ...stableDiffusionVae, sample_size: 1024, scaling_factor: 0.13025 };

export const stableDiffusionXlScheduler = {
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  beta_start: 0.00085,
  interpolation_type: "linear",
  num_train_timesteps: 1000,
  prediction_type: "epsilon",
  steps_offset: 1,
  timestep_spacing: "leading",
  trained_betas: null,
  use_karras_sigmas: false,
};

const clip = { vocab_size: 49_408, max_position_embeddings: 77, eos_token_id: 2, layer_norm_eps: 1e-5 };

/** https://huggingface.co/openai/clip-vit-large-patch14 */
export const clipL = {
  ...clip,
  hidden_act: "quick_gelu",
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
};

/** https://huggingface.co/laion/CLIP-ViT-bigG-14-laion2B-39B-b160k */
export const clipG = {
  ...clip,
  hidden_act: "gelu",
  hidden_size: 1280,
  intermediate_size: 5120,
  num_attention_heads: 20,
  num_hidden_layers: 32,
  projection_dim: 1280,
};

/** https://huggingface.co/google/t5-v1_1-xxl */
export const t5Xxl = {
  d_ff: 10_240,
  d_kv: 64,
  d_model: 4096,
  feed_forward_proj: "gated-gelu",
  layer_norm_epsilon: 1e-6,
  num_heads: 64,
  num_layers: 24,
  relative_attention_max_distance: 128,
  relative_attention_num_buckets: 32,
  vocab_size: 32_128,
};

/** https://huggingface.co/black-forest-labs/FLUX.1-dev */
export const fluxDev = {
  attention_head_dim: 128,
  guidance_embeds: true,
  in_channels: 64,
  joint_attention_dim: 4096,
  num_attention_heads: 24,
  num_layers: 19,
  num_single_layers: 38,
  patch_size: 1,
  pooled_projection_dim: 768,
};
export const fluxSchnell = { ...fluxDev, guidance_embeds: false };

export const fluxVae = {
  ...stableDiffusionVae,
  latent_channels: 16,
  sample_size: 1024,
  scaling_factor: 0.3611,
  shift_factor: 0.1159,
  use_post_quant_conv: false,
  use_quant_conv: false,
};

export const fluxDevScheduler = {
  base_image_seq_len: 256,
  base_shift: 0.5,
  max_image_seq_len: 4096,
  max_shift: 1.15,
  num_train_timesteps: 1000,
  shift: 3,
  use_dynamic_shifting: true,
};
export const fluxSchnellScheduler = { ...fluxDevScheduler, shift: 1, use_dynamic_shifting: false };

/** https://huggingface.co/Tongyi-MAI/Z-Image-Turbo */
export const zImageTurbo = {
  all_f_patch_size: [1],
  all_patch_size: [2],
  axes_dims: [32, 48, 48],
  axes_lens: [1536, 512, 512],
  cap_feat_dim: 2560,
  dim: 3840,
  in_channels: 16,
  n_heads: 30,
  n_kv_heads: 30,
  n_layers: 30,
  n_refiner_layers: 2,
  norm_eps: 1e-5,
  qk_norm: true,
  rope_theta: 256,
  t_scale: 1000,
};
export const zImageScheduler = { num_train_timesteps: 1000, shift: 3, use_dynamic_shifting: false };

/** https://huggingface.co/Qwen/Qwen3-4B */
export const qwen3For4B = {
  head_dim: 128,
  hidden_act: "silu",
  hidden_size: 2560,
  intermediate_size: 9728,
  num_attention_heads: 32,
  num_hidden_layers: 36,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  vocab_size: 151_936,
};

/** https://huggingface.co/Qwen/Qwen-Image */
export const qwenImage = {
  attention_head_dim: 128,
  axes_dims_rope: [16, 56, 56],
  guidance_embeds: false,
  in_channels: 64,
  joint_attention_dim: 3584,
  num_attention_heads: 24,
  num_layers: 60,
  out_channels: 16,
  patch_size: 2,
  pooled_projection_dim: 768,
};
export const qwenImageVae = {
  attn_scales: [],
  base_dim: 96,
  dim_mult: [1, 2, 4, 4],
  dropout: 0,
  latents_mean: [
    ...[-0.7571, -0.7089, -0.9113, 0.1075, -0.1745, 0.9653, -0.1517, 1.5508],
    ...[0.4134, -0.0715, 0.5517, -0.3632, -0.1922, -0.9497, 0.2503, -0.2921],
  ],
  latents_std: [
    ...[2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743],
    ...[3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.916],
  ],
  num_res_blocks: 2,
  temperal_downsample: [false, true, true],
  z_dim: 16,
};
export const qwenImageScheduler = {
  base_image_seq_len: 256,
  base_shift: 0.5,
  max_image_seq_len: 8192,
  max_shift: 0.9,
  num_train_timesteps: 1000,
  shift: 1,
  shift_terminal: 0.02,
  use_dynamic_shifting: true,
};
/** Its text encoder, with the text's options twice, as the file has them. */
const qwen25VlText = {
  attention_dropout: 0,
  hidden_act: "silu",
  hidden_size: 3584,
  initializer_range: 0.02,
  intermediate_size: 18_944,
  max_position_embeddings: 128_000,
  max_window_layers: 28,
  num_attention_heads: 28,
  num_hidden_layers: 28,
  num_key_value_heads: 4,
  rms_norm_eps: 1e-6,
  rope_scaling: { mrope_section: [16, 24, 24], rope_type: "default", type: "default" },
  rope_theta: 1_000_000,
  use_cache: true,
  use_sliding_window: false,
  vocab_size: 152_064,
};
export const qwen25Vl7B = {
  architectures: ["Qwen2_5_VLForConditionalGeneration"],
  ...qwen25VlText,
  image_token_id: 151_655,
  model_type: "qwen2_5_vl",
  sliding_window: 32_768,
  text_config: {
    ...qwen25VlText,
    image_token_id: null,
    layer_types: new Array<string>(28).fill("full_attention"),
    model_type: "qwen2_5_vl_text",
    sliding_window: null,
    video_token_id: null,
    vision_token_id: 151_654,
  },
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
  video_token_id: 151_656,
  vision_config: { depth: 32, hidden_size: 1280 },
  vision_token_id: 151_654,
};
