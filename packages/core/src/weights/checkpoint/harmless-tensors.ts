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

/** Tensors of a class's files that no image needs: halves of models that Skipstep builds the other half of. */
const byClass: Readonly<Record<string, RegExp>> = {
  CLIPTextModel: /^(text_projection(\.weight)?$|visual(_projection)?\.|vision_model\.)/,
  CLIPTextModelWithProjection: /^(visual(_projection)?\.|vision_model\.)/,
  // The same table under two names: one of them is asked for.
  T5EncoderModel: /^((decoder|lm_head)\.|(shared|encoder\.embed_tokens)\.weight$)/,
  // Images are made from the states before the last layer's.
  Qwen3ForCausalLM: /^lm_head\./,
};

/** Whether a tensor may be left over. @param className of the model whose files it lies in, where it belongs to one */
export function isHarmless(tensor: string, className?: string): boolean {
  if (harmless.some((pattern) => pattern.test(tensor))) return true;
  return className !== undefined && Object.hasOwn(byClass, className) && byClass[className]!.test(tensor);
}
