import { randomInt } from "node:crypto";
import { type GenerateConfig, planImages } from "@skipstep/core";
import { defined } from "../defined";
import { invalidField, unsupportedField } from "../http/api-error";
import { bytesOf } from "../http/base64";
import { ownFields } from "../http/own-fields";
import { settingsAmong } from "../jobs/accept";
import type { ImageRequest, Uploads } from "../jobs/image-request";
import type { ModelPool } from "../models/model-pool";
import { type Infotext, infotext } from "./infotext";
import { checkNeutral } from "./neutral-fields";
import { paintedMask } from "./painted-mask";
import { lorasIn } from "./prompt-loras";
import { checkEta, ownSampler, schedulerOf } from "./samplers";

type Body = Readonly<Record<string, unknown>>;

/** A request of A1111's, and what its images are told to be made with. */
export interface A1111Drawing {
  readonly request: ImageRequest;
  readonly infoOf: (seed: number) => Infotext;
}

/** Seeds that are drawn are 32 bits long, as A1111's are. */
const seeds = 2 ** 32;

/**
 * A body of `txt2img` or `img2img` as a request of ours: an image for each seed, counted up from the first, as A1111's
 * images of a batch are.
 * @param usual id of the model for requests that name none
 * @throws ApiError with the field that cannot be honoured
 */
export async function a1111Drawing(body: Body, pool: ModelPool, usual: string): Promise<A1111Drawing> {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const {
    prompt: written = "",
    negative_prompt,
    width,
    height,
    steps,
    cfg_scale,
    distilled_cfg_scale,
    seed,
    ...rest
  } = given;
  const {
    sampler_name,
    sampler_index,
    scheduler: spacing,
    batch_size = 1,
    n_iter = 1,
    override_settings,
    ...others
  } = rest;
  const { init_images, mask, mask_blur, inpainting_mask_invert, denoising_strength, ...more } = others;
  const { inpaint_full_res, inpaint_full_res_padding, inpainting_fill, eta, ...last } = more;
  const model = pool.get(modelIn(override_settings) ?? usual);
  const known = model.checked.model.settingsSchema.properties as Body;
  const own = Object.fromEntries(Object.entries(last).filter(([name]) => Object.hasOwn(known, name) || isOurs(name)));
  checkNeutral(Object.fromEntries(Object.entries(last).filter(([name]) => !Object.hasOwn(own, name))));
  const { plugins, priority, scheduler: _, ...settings } = ownFields(own);

  if (typeof written !== "string") throw invalidField("prompt", written, "a text");
  const { prompt, loras } = lorasIn(written);
  const uploads = await uploadsOf({ init_images, mask, mask_blur, inpainting_mask_invert });
  const isCropped =
    mask !== undefined && inpaint_full_res !== undefined && inpaint_full_res !== false && inpaint_full_res !== 0;
  const all: GenerateConfig = settingsAmong(
    defined({
      ...settings,
      prompt,
      negative_prompt: negative_prompt === "" ? undefined : negative_prompt,
      width,
      height,
      num_inference_steps: steps,
      guidance_scale: distilled_cfg_scale ?? cfg_scale,
      strength: init_images === undefined ? undefined : denoising_strength,
      padding_mask_crop: isCropped ? (inpaint_full_res_padding ?? 0) : undefined,
      loras: loras.length > 0 ? loras : settings.loras,
    }),
    model,
  );
  checkEta(eta, sampler_name ?? sampler_index);
  if (mask !== undefined && inpainting_fill !== undefined && inpainting_fill !== 1)
    throw unsupportedField("inpainting_fill", inpainting_fill, "is not done here but for 1");
  const count = whole("batch_size", batch_size) * whole("n_iter", n_iter);
  const first = seed === undefined || seed === -1 ? randomInt(seeds) : seed;
  if (typeof first !== "number" || !Number.isInteger(first) || first < 0)
    throw invalidField("seed", seed, "a whole number, or -1 for any");
  const plan = planImages(model.checked, { ...all, seed: first });
  const infoOf = (of: number): Infotext => ({
    prompt: written,
    negativePrompt: String(negative_prompt ?? ""),
    steps: all.num_inference_steps ?? model.checked.config.generate.num_inference_steps,
    sampler: String(sampler_name ?? sampler_index ?? ownSampler),
    cfgScale: all.guidance_scale ?? model.checked.config.generate.guidance_scale,
    seed: of,
    width: plan.width,
    height: plan.height,
    model: model.id,
    strength: all.strength,
  });
  const drawn = Array.from({ length: Math.min(count, mostSeeds) }, (_, i) => first + i);
  return {
    infoOf,
    request: {
      model: model.id,
      settings: all,
      seeds: drawn,
      scheduler: schedulerOf(model, sampler_name ?? sampler_index, spacing),
      plugins,
      uploads,
      output: { format: "png" },
      previews: 0,
      priority,
      texts: Object.fromEntries(drawn.map((of) => [of, { parameters: infotext(infoOf(of)) }])),
      isAwaited: true,
    },
  };
}

/** More than any server allows: what is asked for beyond is told by the limits, and not made first. */
const mostSeeds = 10_000;

function isOurs(name: string): boolean {
  return name === "plugins" || name === "priority" || name === "lora";
}

async function uploadsOf({
  init_images: images,
  mask,
  mask_blur,
  inpainting_mask_invert: invert,
}: Body): Promise<Uploads> {
  if (images === undefined) {
    if (mask !== undefined) throw unsupportedField("mask", "...", "needs init_images");
    return {};
  }
  if (!Array.isArray(images) || images.length !== 1) throw invalidField("init_images", images, "a list of one image");
  const image = [bytesOf("init_images", images[0])];
  if (mask === undefined) return { image };
  return { image, mask: [await paintedMask(bytesOf("mask", mask), { blur: mask_blur, invert })] };
}

function modelIn(override: unknown): string | undefined {
  if (override === undefined) return undefined;
  const { sd_model_checkpoint: id, ...others } = override as Body;
  const [name] = Object.keys(others);
  if (name !== undefined) throw unsupportedField(`override_settings.${name}`, others[name], "is not a setting here");
  return id as string | undefined;
}

function whole(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw invalidField(name, value, "a whole number, 1 or more");
}
