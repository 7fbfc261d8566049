import { cutMiddle } from "../../image/cut-middle";
import { loadPicture } from "../../image/load-picture";
import { type PictureSize, type PictureSource, picturesOf } from "../../image/picture";
import { concat } from "../../loop/concat";
import type { Configs, References } from "../../loop/family";
import type { Floats } from "../../tensor";
import { type Autoencoder, scaleFactorOf } from "../autoencoders/autoencoder";
import type { TokenGrid } from "../blocks/reference-tokens";
import { PATCH, patched, tokensOf } from "./patches";
import type { Flux2Settings } from "./settings";

const LEAST_SIDE = 64;
const MOST_ASPECT = 8;
/** Pixels that an image is shrunk to where it has more. */
const MOST_PIXELS = 1024 ** 2;

/** Images that the denoiser looks at, as its tokens. */
export interface Flux2References {
  /** `[1, R, 4 C]`, one image behind the other. */
  readonly tokens: Floats;
  readonly grids: readonly TokenGrid[];
}

/** What may be looked at, and how large the model sees it. */
export const flux2References: References = {
  most: 10,
  problem: ({ width, height }, configs, inpaints) => {
    const least = inpaints ? tokenPixels(configs) : LEAST_SIDE;
    if (Math.min(width, height) < least)
      return `must be at least ${least} pixels on each side, found ${width} x ${height}`;
    return Math.max(width / height, height / width) > MOST_ASPECT && !inpaints
      ? `must be at most ${MOST_ASPECT} times as long as wide, found ${width} x ${height}`
      : undefined;
  },
  drawn: seenSize,
};

/** The size that the model sees an image in, which is the size of what it draws as well. */
export function seenSize(configs: Configs, picture: PictureSize): PictureSize {
  const { width, height } = shrunk(picture);
  const multiple = tokenPixels(configs);
  const rounded = (side: number): number => side - (side % multiple);
  return { width: rounded(width), height: rounded(height) };
}

/** Pixels along one side of a token. */
export function tokenPixels({ vae }: Configs): number {
  return scaleFactorOf(vae) * PATCH;
}

/** Proportions are kept but for fractions of a pixel. */
export function shrunk({ width, height }: PictureSize): PictureSize {
  if (width * height <= MOST_PIXELS) return { width, height };
  const scale = Math.sqrt(MOST_PIXELS / (width * height));
  return { width: Math.trunc(width * scale), height: Math.trunc(height * scale) };
}

/**
 * Each image through the autoencoder, in their order; `undefined` without any. Nothing is drawn. One that is inpainted is
 * not among them: its latents are at hand.
 */
export async function encodeReferences(
  configs: Configs,
  autoencoder: Autoencoder,
  { image, mask, image_reference, pictures = [], vae_tiling: tiling }: Flux2Settings,
  signal?: AbortSignal,
): Promise<Flux2References | undefined> {
  const [sources, sizes] = mask === undefined ? [image, pictures] : [image_reference, pictures.slice(1)];
  let references: Flux2References | undefined;
  for (const [i, source] of picturesOf(sources).entries()) {
    const pixels = await loadReference(configs, source, sizes[i]!);
    const latents = patched(await autoencoder.encode(pixels, undefined, { tiling, signal }));
    references = together(references, referenceOf(latents));
  }
  return references;
}

/** An image by its latents. @param latents `[1, 4 C, h, w]` */
export function referenceOf(latents: Floats): Flux2References {
  const [, , height, width] = latents.shape as [number, number, number, number];
  return { tokens: tokensOf(latents), grids: [{ height, width }] };
}

/** One behind the other. */
export function together(
  first: Flux2References | undefined,
  second: Flux2References | undefined,
): Flux2References | undefined {
  if (!first || !second) return first ?? second;
  return { tokens: concat([first.tokens, second.tokens], 1), grids: [...first.grids, ...second.grids] };
}

/** Shrunk where it is large, and cut around the middle to whole tokens. @returns `[1, 3, H, W]`, -1..1 */
async function loadReference(configs: Configs, source: PictureSource, picture: PictureSize): Promise<Floats> {
  const { width, height } = shrunk(picture);
  const cut = seenSize(configs, picture);
  return cutMiddle(await loadPicture(source, width, height), cut.height, cut.width);
}

/** How many tokens the images of a generation are, as far as they were looked at. */
export function referenceTokens(configs: Configs, { image, image_reference, pictures }: Flux2Settings): number {
  const unseen = { width: Math.sqrt(MOST_PIXELS), height: Math.sqrt(MOST_PIXELS) };
  const sizes = pictures ?? [...picturesOf(image), ...picturesOf(image_reference)].map(() => unseen);
  return sizes
    .map((picture) => seenSize(configs, picture))
    .reduce((sum, { width, height }) => sum + (width * height) / tokenPixels(configs) ** 2, 0);
}
