import { maskEmpty } from "../errors/pipeline";
import { type Floats, floats } from "../tensor";
import { coveredPixels, cutPixels, filledPixels, middlePixels } from "./fitted-pixels";
import { greyPixels } from "./grey-pixels";
import { loadPicture, loadPixels, pixelPlanes } from "./load-picture";
import { maskBox } from "./mask-box";
import { pastedPixels } from "./pasted-pixels";
import type { PictureSize, PictureSource } from "./picture";
import type { Pixels } from "./picture-pixels";
import { resizedPixels } from "./resample";

/** An image and what of it is painted anew, at the size that is drawn. */
export interface MaskedPicture {
  /** `[1, 3, H, W]`, -1..1 */
  readonly image: Floats;
  /** `[1, 1, H, W]`, 1 is painted anew, 0 is kept. */
  readonly mask: Floats;
  /** What was drawn, put back into the image that it is a part of; missing where the whole image is drawn. */
  readonly pasted?: (drawn: Pixels) => Pixels;
  /** The same part of another picture, `[1, 3, H, W]`, -1..1; missing where the whole image is drawn. */
  readonly samePart?: (other: PictureSource) => Promise<Floats>;
}

/** How an image is brought to the size that is drawn. */
export interface MaskedSize {
  /** What is drawn. */
  readonly drawn: PictureSize;
  /** Pixels around what the mask shows: only that part is drawn. */
  readonly padding?: number | undefined;
  /** What an image is shrunk to before all else; its own size when left out. */
  readonly shrunk?: ((picture: PictureSize) => PictureSize) | undefined;
  /** Puts back the middle of what was drawn as it is, instead of all of it, scaled. */
  readonly isMiddlePasted?: boolean | undefined;
}

/**
 * Reads an image and a mask, which is brought to the image's size where it has another. Half white and more is painted
 * anew, after resizing; nothing lies in between.
 * @throws SKIPSTEP_IMAGE_UNREADABLE, SKIPSTEP_MASK_EMPTY
 */
export async function loadMasked(
  image: PictureSource,
  mask: PictureSource,
  { drawn, padding, shrunk = (size) => size, isMiddlePasted = false }: MaskedSize,
): Promise<MaskedPicture> {
  const maskPixels = await loadPixels(mask);
  if (padding === undefined) {
    const planes = await loadShrunk(image, drawn, shrunk);
    return { image: planes, mask: binary(resizedPixels(maskPixels, drawn)) };
  }
  const given = await loadPixels(image);
  const whole = resizedPixels(given, shrunk(given));
  const size = { width: whole.width, height: whole.height };
  const sized = resizedPixels(maskPixels, size);
  const shares = greyPixels(sized);
  const box = maskBox(shares, size, drawn, padding);
  if (!box) throw maskEmpty(mask);
  const fitted = isMiddlePasted ? middlePixels : coveredPixels;
  const boxSize = { width: box.right - box.left, height: box.bottom - box.top };
  const partOf = (picture: Pixels): Floats => pixelPlanes(filledPixels(cutPixels(picture, box), drawn));
  return {
    image: partOf(whole),
    samePart: async (other) => partOf(resizedPixels(await loadPixels(other), size)),
    mask: binary(filledPixels(cutPixels(sized, box), drawn)),
    pasted: (pixels) => pastedPixels(whole, fitted(pixels, boxSize), box, shares),
  };
}

async function loadShrunk(image: PictureSource, drawn: PictureSize, shrunk: (of: PictureSize) => PictureSize) {
  if (typeof image !== "string" && image.width === drawn.width && image.height === drawn.height)
    return loadPicture(image, drawn.width, drawn.height);
  const given = await loadPixels(image);
  return pixelPlanes(resizedPixels(resizedPixels(given, shrunk(given)), drawn));
}

/** @returns `[1, 1, height, width]` of 0 and 1 */
function binary(mask: Pixels): Floats {
  return floats(
    [1, 1, mask.height, mask.width],
    Float32Array.from(greyPixels(mask), (share) => (share < 127.5 ? 0 : 1)),
  );
}
