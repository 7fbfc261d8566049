import { loadPicture } from "../image/load-picture";
import type { MaskedPicture } from "../image/masked-picture";
import { type PictureSource, picturesOf } from "../image/picture";
import type { Generator } from "../random";
import type { Scheduler } from "../schedulers/scheduler";
import { type Floats, floats, sizeOf } from "../tensor";
import type { Conditioning, FamilyPipeline, ImageToImage, Inpainting } from "./family";
import { stack } from "./guidance";
import type { KeptImage } from "./kept-image";
import type { Settings } from "./settings";

/** Where a generation begins, and what it goes by. */
export interface FirstLatents {
  /** `[B, C, H, W]` at the noise level of call `begin`. */
  readonly latents: Floats;
  /** The scheduler's call to begin with. */
  readonly begin: number;
  readonly encoded: Conditioning;
  /** For inpainting, of families that blend. */
  readonly kept?: KeptImage;
}

/** What a generation is begun with. */
export interface Beginning {
  readonly pipeline: FamilyPipeline;
  readonly settings: Settings;
  readonly scheduler: Scheduler;
  readonly generator: Generator;
  readonly signal: AbortSignal | undefined;
}

/**
 * Shows ControlNets the pictures that they follow. Of an image that is painted anew in part they follow the same part.
 * @returns `encoded` with what they are shown
 */
export async function takeControl(
  beginning: Beginning,
  encoded: Conditioning,
  masked: MaskedPicture | undefined,
): Promise<Conditioning> {
  const { pipeline, settings, generator, signal } = beginning;
  const { width, height, control_image } = settings;
  const sources = picturesOf(control_image);
  if (sources.length === 0) return encoded;
  const load = masked?.samePart ?? ((source: PictureSource) => loadPicture(source, width, height));
  const pictures = await Promise.all(sources.map(load));
  return pipeline.takeControl!(encoded, settings, pictures, generator, signal);
}

/** Noise, or an image and as much noise as `strength` asks for. @param masked an image that is painted anew in part */
export function begin(
  beginning: Beginning,
  encoded: Conditioning,
  masked: MaskedPicture | undefined,
): Promise<FirstLatents> {
  const { inpainting, imageToImage } = beginning.pipeline;
  const [image] = picturesOf(beginning.settings.image);
  if (masked && inpainting) return fromMasked(beginning, inpainting, encoded, masked);
  if (image !== undefined && imageToImage) return fromImage(beginning, imageToImage, encoded, image);
  return Promise.resolve({ latents: scaled(noiseOf(beginning), beginning.scheduler), begin: 0, encoded });
}

async function fromImage(
  beginning: Beginning,
  imageToImage: ImageToImage,
  encoded: Conditioning,
  image: PictureSource,
): Promise<FirstLatents> {
  const { settings, scheduler, generator, signal } = beginning;
  const { width, height } = imageToImage.size?.(settings) ?? settings;
  const pixels = await loadPicture(image, width, height);
  const latents = await imageToImage.encode(settings, pixels, generator, signal);
  const noise = noiseOf(beginning);
  const begin = imageToImage.firstStep(settings) * scheduler.order;
  return { latents: scheduler.addNoise!(forEach(noise, latents), noise, begin), begin, encoded };
}

/** Draws the image's latents, the noise, and the masked image's latents, in this order. */
async function fromMasked(
  beginning: Beginning,
  inpainting: Inpainting,
  encoded: Conditioning,
  { image, mask }: MaskedPicture,
): Promise<FirstLatents> {
  const { settings, scheduler, generator, signal } = beginning;
  const isNoise = inpainting.isNoiseAlone && settings.strength === 1;
  const needsImage = inpainting.blendMask !== undefined || !isNoise;
  const latents = needsImage ? await inpainting.encode(settings, image, generator, signal) : undefined;
  const noise = noiseOf(beginning);
  const masked = await inpainting.encodeMasked?.(settings, without(image, mask), generator, signal);
  const begin = inpainting.firstStep(settings) * scheduler.order;
  const original = latents && forEach(noise, latents);
  return {
    latents: isNoise ? scaled(noise, scheduler) : scheduler.addNoise!(original!, noise, begin),
    begin,
    encoded: inpainting.see?.(encoded, { mask, image: latents, masked }) ?? encoded,
    ...(inpainting.blendMask ? { kept: { mask: inpainting.blendMask(mask), image: original!, noise } } : {}),
  };
}

function noiseOf({ pipeline, settings, generator }: Beginning): Floats {
  return settings.latents ?? pipeline.noise(settings, generator);
}

/** As noisy as the scheduler begins. */
function scaled({ shape, data }: Floats, { initNoiseSigma }: Scheduler): Floats {
  return floats(
    shape,
    data.map((x) => x * initNoiseSigma),
  );
}

/** One image's latents, for each of the batch. */
function forEach({ shape: [batch] }: Floats, latents: Floats): Floats {
  return stack(new Array<Floats>(batch!).fill(latents));
}

/** Grey where the mask shows it. @param image `[1, 3, H, W]`, -1..1 @param mask `[1, 1, H, W]` */
function without({ shape, data }: Floats, mask: Floats): Floats {
  const plane = sizeOf(shape.slice(2));
  return floats(
    shape,
    data.map((x, at) => (mask.data[at % plane]! < 0.5 ? x : 0)),
  );
}
