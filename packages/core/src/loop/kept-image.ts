import type { Scheduler } from "../schedulers/scheduler";
import { type Floats, floats, sizeOf } from "../tensor";

/** The image around what is painted anew, for latents that are blended with it. */
export interface KeptImage {
  /** `[1, 1, h, w]`, 1 is painted anew, 0 is kept. */
  readonly mask: Floats;
  /** `[B, C, h, w]` */
  readonly image: Floats;
  /** What the generation began with: each noise level of the image is made of the same. `[B, C, h, w]` */
  readonly noise: Floats;
}

/** Latents at the noise level of the scheduler's call `at`, or behind its last one, with the image where it is kept. */
export function keepImage(
  latents: Floats,
  { mask, image, noise }: KeptImage,
  scheduler: Scheduler,
  at: number,
): Floats {
  return blended(latents, at < scheduler.timesteps.length ? scheduler.addNoise!(image, noise, at) : image, mask);
}

/** The clean image where it is kept. @param estimate of finished latents */
export function keepClean(estimate: Floats, { mask, image }: KeptImage): Floats {
  return blended(estimate, image, mask);
}

/** `mask latents + (1 - mask) known` */
function blended({ shape, data }: Floats, known: Floats, mask: Floats): Floats {
  const result = floats(shape);
  const plane = sizeOf(shape.slice(2));
  for (let at = 0; at < data.length; at++) {
    const share = mask.data[at % plane]!;
    result.data[at] = (1 - share) * known.data[at]! + share * data[at]!;
  }
  return result;
}
