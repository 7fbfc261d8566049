import { maskEmpty } from "../errors/pipeline";
import { greyPixels } from "./grey-pixels";
import { loadPixels } from "./load-picture";
import { type PictureSource, picturesOf } from "./picture";

/** Images of a generation, as far as it has them. */
export interface GivenImages {
  readonly image?: PictureSource | readonly PictureSource[] | undefined;
  readonly image_reference?: PictureSource | readonly PictureSource[] | undefined;
  readonly mask?: PictureSource | undefined;
  readonly padding_mask_crop?: number | undefined;
}

/**
 * Reads images to the end, and looks whether a mask shows what is to be cut out.
 * @throws SKIPSTEP_IMAGE_UNREADABLE, SKIPSTEP_MASK_EMPTY
 */
export async function checkPictures({ image, image_reference, mask, padding_mask_crop }: GivenImages): Promise<void> {
  for (const source of [...picturesOf(image), ...picturesOf(image_reference)]) await loadPixels(source);
  if (mask === undefined) return;
  const isEmpty = greyPixels(await loadPixels(mask)).every((share) => share === 0);
  if (isEmpty && padding_mask_crop !== undefined) throw maskEmpty(mask);
}
