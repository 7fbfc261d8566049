const text = { type: "string", nullable: true };
const number = { type: "number", nullable: true };
const integer = { type: "integer", nullable: true };
const flag = { enum: [true, false, 0, 1, null] };

/** A body of `txt2img` or `img2img`: what is read of it. All else is the model's settings, or asks for nothing. */
export const drawingBody = {
  type: "object",
  additionalProperties: true,
  properties: {
    prompt: text,
    negative_prompt: text,
    width: integer,
    height: integer,
    steps: integer,
    cfg_scale: number,
    distilled_cfg_scale: number,
    seed: integer,
    sampler_name: text,
    sampler_index: text,
    scheduler: text,
    batch_size: integer,
    n_iter: integer,
    denoising_strength: number,
    init_images: { type: "array", items: { type: "string" }, nullable: true },
    mask: text,
    mask_blur: number,
    inpainting_mask_invert: flag,
    inpainting_fill: integer,
    inpaint_full_res: flag,
    inpaint_full_res_padding: integer,
    eta: number,
    override_settings: {
      type: "object",
      nullable: true,
      additionalProperties: true,
      properties: { sd_model_checkpoint: text },
    },
  },
} as const;

/** What A1111 calls settings of ours, for errors. */
export const a1111Names: Readonly<Record<string, string>> = {
  num_inference_steps: "steps",
  guidance_scale: "cfg_scale",
  strength: "denoising_strength",
  padding_mask_crop: "inpaint_full_res_padding",
  num_images_per_prompt: "batch_size",
};
