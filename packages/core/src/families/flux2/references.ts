import { cutMiddle } from "../../image/cut-middle";
import { loadPicture } from "../../image/load-picture";
import { type PictureSize, type PictureSource, picturesOf } from "../../image/picture";
import { concat } from "../../loop/concat";
import type { Configs, References } from "../../loop/family";
import { stack } from "../../loop/guidance";
import { imageCount } from "../../loop/settings";
import type { Floats } from "../../tensor";
import { type Autoencoder, scaleFactorOf } from "../autoencoders/autoencoder";
import { inTurn, type TokenGrid } from "../blocks/reference-tokens";
import { PATCH, patched, tokensOf } from "./patches";
import type { Flux2Settings } from "./settings";

const LEAST_SIDE = 64;
const MOST_ASPECT = 8;
/** Pixels that an image is shrunk to where it has more. */
const MOST_PIXELS = 1024 ** 2;

/** Images that the denoiser looks at, as its tokens. */
export interface Flux2References {
  /** `[n, R, 4 C]`, one image behind the other; row i of a batch looks at row i modulo n. */
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
    const seen = shrunk({ width, height });
    if (Math.min(seen.width, seen.height) < least)
      return `must be at least ${least} pixels on each side when it is shrunk to ${MOST_PIXELS} pixels, found ${width} x ${height}`;
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
 * not among them: its latents are at hand. Those beside it are seen as large as the first of them, as in the reference:
 * one for each image that is drawn, where there are as many; else all of them by each.
 */
export async function encodeReferences(
  configs: Configs,
  autoencoder: Autoencoder,
  settings: Flux2Settings,
  signal?: AbortSignal,
): Promise<Flux2References | undefined> {
  const { image, mask, image_reference, pictures = [], vae_tiling: tiling } = settings;
  const inpaints = mask !== undefined;
  const [sources, sizes] = inpaints ? [image_reference, pictures.slice(1)] : [image, pictures];
  const looked: Flux2References[] = [];
  for (const [i, source] of picturesOf(sources).entries()) {
    const seen = seenSize(configs, sizes[inpaints ? 0 : i]!);
    const pixels = await loadReference(source, sizes[i]!, seen);
    looked.push(referenceOf(patched(await autoencoder.encode(pixels, undefined, { tiling, signal }))));
  }
  const [first] = looked;
  if (inpaints && first && isOneEach(settings)) return { ...first, tokens: stack(looked.map(({ tokens }) => tokens)) };
  return looked.reduce<Flux2References | undefined>(together, undefined);
}

/** Whether each image that is drawn has one of its own to look at, beside the one that is inpainted. */
function isOneEach(settings: Flux2Settings): boolean {
  const count = picturesOf(settings.image_reference).length;
  return settings.mask !== undefined && count > 1 && count === imageCount(settings);
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
  const count = Math.max(first.tokens.shape[0]!, second.tokens.shape[0]!);
  const tokens = concat([inTurn(first.tokens, count), inTurn(second.tokens, count)], 1);
  return { tokens, grids: [...first.grids, ...second.grids] };
}

/** Shrunk where it is large, and cut around the middle. @returns `[1, 3, H, W]`, -1..1 */
async function loadReference(source: PictureSource, picture: PictureSize, cut: PictureSize): Promise<Floats> {
  const { width, height } = shrunk(picture);
  return cutMiddle(await loadPicture(source, width, height), cut.height, cut.width);
}

/** How many tokens the images of a generation are, as far as they were looked at. */
export function referenceTokens(configs: Configs, settings: Flux2Settings): number {
  const { image, mask, image_reference, pictures } = settings;
  const unseen = { width: Math.sqrt(MOST_PIXELS), height: Math.sqrt(MOST_PIXELS) };
  const sizes = pictures ?? [...picturesOf(image), ...picturesOf(image_reference)].map(() => unseen);
  const beside = isOneEach(settings) ? sizes.slice(1, 2) : sizes.slice(1).map(() => sizes[1]!);
  return (mask === undefined ? sizes : [...sizes.slice(0, 1), ...beside])
    .map((picture) => seenSize(configs, picture))
    .reduce((sum, { width, height }) => sum + (width * height) / tokenPixels(configs) ** 2, 0);
}
