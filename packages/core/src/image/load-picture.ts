import sharp from "sharp";
import { checkRegularFile } from "../disk/regular-file";
import { messageOf } from "../errors/error";
import { imageUnreadable } from "../errors/pipeline";
import { type Floats, floats } from "../tensor";
import type { PictureSize, PictureSource } from "./picture";
import { limitInputPixels, type Pixels, pixelsOfFile } from "./picture-pixels";
import { resizedPixels } from "./resample";

/** Width and height of an image, upright. @throws SKIPSTEP_IMAGE_UNREADABLE */
export async function pictureSize(image: PictureSource): Promise<PictureSize> {
  if (typeof image !== "string") return image;
  try {
    checkRegularFile(image);
    const { width, height, orientation = 1 } = await sharp(image, { limitInputPixels }).metadata();
    return orientation > 4 ? { width: height, height: width } : { width, height };
  } catch (error) {
    throw imageUnreadable(image, messageOf(error), error);
  }
}

/** An image in 8 bits. @throws SKIPSTEP_IMAGE_UNREADABLE */
export async function loadPixels(image: PictureSource): Promise<Pixels> {
  if (typeof image !== "string") {
    const { width, height, values } = image;
    return { width, height, data: Uint8Array.from(values, (value) => Math.round(value * 255)) };
  }
  try {
    checkRegularFile(image);
    return await pixelsOfFile(image);
  } catch (error) {
    throw imageUnreadable(image, messageOf(error), error);
  }
}

/**
 * An image at the size of a generation, resized by Lanczos as diffusers does. One from memory that has the size is taken
 * as it is; others go through bytes, as what came from a file does.
 * @returns `[1, 3, height, width]`, -1..1
 * @throws SKIPSTEP_IMAGE_UNREADABLE
 */
export async function loadPicture(image: PictureSource, width: number, height: number): Promise<Floats> {
  if (typeof image !== "string" && image.width === width && image.height === height)
    return planesOf(image.values, width, height, 1);
  return pixelPlanes(resizedPixels(await loadPixels(image), { width, height }));
}

/** @returns `[1, 3, height, width]`, -1..1 */
export function pixelPlanes({ width, height, data }: Pixels): Floats {
  return planesOf(data, width, height, 255);
}

/** @param values `[height, width, 3]` @param most what is white */
function planesOf(values: ArrayLike<number>, width: number, height: number, most: number): Floats {
  const planes = floats([1, 3, height, width]);
  const pixels = width * height;
  for (let at = 0; at < values.length; at++)
    planes.data[(at % 3) * pixels + Math.floor(at / 3)] = Math.fround(values[at]! / most) * 2 - 1;
  return planes;
}
