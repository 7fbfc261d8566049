import { unknownField, unsupportedField } from "../http/api-error";

/**
 * Fields that A1111's clients always send, and the values with which they ask for nothing. Any other value is refused by
 * name; https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/API
 */
const neutral: Readonly<Record<string, readonly unknown[] | "any">> = {
  restore_faces: [false],
  tiling: [false],
  enable_hr: [false],
  firstphase_width: [0],
  firstphase_height: [0],
  hr_scale: "any",
  hr_upscaler: "any",
  hr_second_pass_steps: "any",
  hr_resize_x: "any",
  hr_resize_y: "any",
  hr_checkpoint_name: "any",
  hr_sampler_name: "any",
  hr_scheduler: "any",
  hr_prompt: "any",
  hr_negative_prompt: "any",
  hr_cfg: "any",
  styles: [[]],
  subseed: [-1, 0],
  subseed_strength: [0],
  seed_resize_from_h: [-1, 0],
  seed_resize_from_w: [-1, 0],
  seed_enable_extras: [true, false],
  s_churn: [0],
  s_tmin: [0],
  s_tmax: [0],
  s_noise: [1],
  s_min_uncond: [0],
  refiner_checkpoint: [""],
  refiner_switch_at: [0, 1],
  disable_extra_networks: [false],
  comments: [{}],
  send_images: [true],
  save_images: [false],
  do_not_save_samples: [true, false],
  do_not_save_grid: [true, false],
  script_name: [""],
  script_args: [[]],
  alwayson_scripts: [{}],
  override_settings_restore_afterwards: [true, false],
  resize_mode: [0],
  use_deprecated_controlnet: [false], // of the npm package stable-diffusion-api
  image_cfg_scale: "any", // is read for models that follow instructions only, of which there are none
  include_init_images: [false],
  initial_noise_multiplier: [1],
  infotext: [""],
  force_task_id: "any",
};

/** @throws ApiError for fields that nobody knows, and for those that ask for what is not done here */
export function checkNeutral(fields: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "alwayson_scripts" && isIdle(value)) continue;
    const values = neutral[name];
    if (values === undefined) throw unknownField(name);
    if (value === null || values === "any") continue;
    if (values.some((one) => JSON.stringify(one) === JSON.stringify(value))) continue;
    const usual = values.map((one) => JSON.stringify(one)).join(" or ");
    throw unsupportedField(name, value, values.length === 0 ? "is not done here" : `is not done here but for ${usual}`);
  }
}

/** Scripts without arguments: clients name those that they know in any case. */
function isIdle(scripts: unknown): boolean {
  return (
    typeof scripts === "object" &&
    scripts !== null &&
    Object.values(scripts).every((script) => JSON.stringify(script) === '{"args":[]}')
  );
}
