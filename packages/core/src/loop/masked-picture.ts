import { loadMasked, type MaskedPicture } from "../image/masked-picture";
import { picturesOf } from "../image/picture";
import { nothingInpainted } from "../report/warnings";
import type { FamilyPipeline } from "./family";
import type { Settings } from "./settings";

/**
 * The image that a generation paints anew in part, where it has a mask.
 * @throws SKIPSTEP_IMAGE_UNREADABLE, SKIPSTEP_MASK_EMPTY
 */
export async function maskedPicture(
  { inpainting }: FamilyPipeline,
  { image, mask, width, height, padding_mask_crop: padding }: Settings,
): Promise<{ readonly picture?: MaskedPicture; readonly warnings: readonly string[] }> {
  const [source] = picturesOf(image);
  if (!inpainting || source === undefined || mask === undefined) return { warnings: [] };
  const picture = await loadMasked(source, mask, {
    drawn: { width, height },
    padding,
    shrunk: (size) => inpainting.shrunk?.(size) ?? size,
    isMiddlePasted: inpainting.isMiddlePasted,
  });
  return { picture, warnings: picture.mask.data.some((share) => share > 0) ? [] : [nothingInpainted()] };
}
