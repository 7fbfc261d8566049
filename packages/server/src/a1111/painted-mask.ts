import sharp from "sharp";
import { invalidField } from "../http/api-error";

/** Pixels of a mask that are blurred at most: the time grows with them. */
const limitInputPixels = 2 ** 26;

/** The least that sharp takes for a blur; below, A1111's is not to be seen either. */
const leastBlur = 0.3;

/**
 * A mask as A1111's clients send it: blurred by a Gaussian of so many pixels, and turned round where they ask for it.
 * @throws ApiError for a mask that is no image
 */
export async function paintedMask(
  bytes: Uint8Array,
  { blur = 0, invert = 0 }: { blur: unknown; invert: unknown },
): Promise<Uint8Array> {
  if (typeof blur !== "number" || !(blur >= 0 && blur <= 256))
    throw invalidField("mask_blur", blur, "a number, 0 to 256");
  if (![0, 1, true, false].includes(invert as number)) throw invalidField("inpainting_mask_invert", invert, "0 or 1");
  try {
    let mask = sharp(bytes, { limitInputPixels }).flatten({ background: "#000" }).greyscale();
    if (invert) mask = mask.negate();
    if (blur >= leastBlur) mask = mask.blur(blur);
    return await mask.png().toBuffer();
  } catch {
    throw invalidField("mask", "...", "an image in base64");
  }
}
