import type { GenerateConfig } from "../config/config";
import { pictureSize } from "../image/load-picture";
import { type PictureSize, picturesOf } from "../image/picture";
import type { RecognisedModel } from "./recognised-model";
import { givenPictures, type RequestExtras } from "./request";

/** What the images of a generation say of its settings. */
export interface Seen {
  /** Of the image to draw, where nothing is said of it. */
  readonly size: Pick<GenerateConfig, "height" | "width">;
  /** As in `Settings`. */
  readonly pictures?: readonly PictureSize[];
}

/**
 * Looks at the sizes of images. One to begin with is rounded down to what the model takes, and counts where neither
 * height nor width is given, as does in some families the first that a ControlNet follows; where only a part of it is
 * drawn, the model's own size does. The first of those to look at counts for each of the two that is not, in most families.
 * @throws SKIPSTEP_IMAGE_UNREADABLE
 */
export async function lookAt(
  { family, configs }: RecognisedModel,
  given: GenerateConfig,
  extras: RequestExtras,
): Promise<Seen> {
  const { image, mask, image_reference: others, control_image: controlled } = givenPictures(given, extras);
  const sources = [...picturesOf(image), ...(mask === undefined ? [] : picturesOf(others))];
  const { references } = family;
  if (references && sources.length > 0) {
    // What is too much is told without a look at each.
    const pictures = sources.length > references.most ? [] : await Promise.all(sources.map(pictureSize));
    if (!references.drawn || !pictures[0] || references.problem(pictures[0], configs, mask !== undefined) !== undefined)
      return { pictures, size: {} };
    const sides = Object.entries(references.drawn(configs, pictures[0]));
    return { pictures, size: Object.fromEntries(sides.filter(([side]) => given[side] === undefined)) };
  }
  const control = family.controlNets?.sizesImages ? picturesOf(controlled) : [];
  const [first] = sources.length > 0 ? sources : control;
  const isSaid = given.height !== undefined || given.width !== undefined || given.padding_mask_crop !== undefined;
  if (first === undefined || isSaid) return { size: {} };
  const { width, height } = await pictureSize(first);
  const multiple = family.sizeMultiple(configs);
  const rounded = (side: number): number => Math.max(1, Math.floor(side / multiple)) * multiple;
  return { size: { width: rounded(width), height: rounded(height) } };
}
