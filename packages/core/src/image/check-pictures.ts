import { maskEmpty } from "../errors/pipeline";
import { greyPixels } from "./grey-pixels";
import { loadPixels } from "./load-picture";
import type { PictureSource } from "./picture";

/**
 * Reads images to the end.
 * @param cuts a mask that says what is cut out, where there is one
 * @throws SKIPSTEP_IMAGE_UNREADABLE, SKIPSTEP_MASK_EMPTY
 */
export async function checkPictures(images: readonly PictureSource[], cuts: PictureSource | undefined): Promise<void> {
  for (const image of images) await loadPixels(image);
  if (cuts !== undefined && greyPixels(await loadPixels(cuts)).every((share) => share === 0)) throw maskEmpty(cuts);
}
