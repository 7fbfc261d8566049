/**
 * Tensors that people's files have and that change no image: buffers that are computed again, what training left behind,
 * and models that only training needs.
 */
const harmless: readonly RegExp[] = [
  // Buffers.
  /(^|\.)(position_ids|inv_freq|num_batches_tracked|logit_scale)$/,
  // Noise schedules, as PyTorch Lightning saves them.
  /^(alphas_cumprod(_prev)?|betas|(log_)?sigmas|logvar|lvlb_weights|scale_factor|global_step|timesteps)$/,
  /^(sqrt_(one_minus_|recip_|recipm1_)?alphas_cumprod|log_one_minus_alphas_cumprod|posterior_\w+|denoiser\.(log_)?sigmas)$/,
  // Vocabularies, as ComfyUI packs them beside their models.
  /(^|\.)(spiece|tekken)_model$/,
  // Averages, losses and optimizers.
  /(^|\.)(\w+_ema|ema_model)\./,
  /(^|\.)(loss|discriminator)\./,
  /^(optimizer|optimizer_states|lr_schedulers?|embedding_manager)\./,
];

/** Whether a tensor may be left over, whatever model it lies beside. */
export function isHarmless(tensor: string): boolean {
  return harmless.some((pattern) => pattern.test(tensor));
}
