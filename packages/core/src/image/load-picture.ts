import sharp from "sharp";
import { checkRegularFile } from "../disk/regular-file";
import { messageOf } from "../errors/error";
import { imageUnreadable } from "../errors/pipeline";
import { type Floats, floats } from "../tensor";
import type { Picture, PictureSize, PictureSource } from "./picture";
import { limitInputPixels, type Pixels, pixelsOfFile } from "./picture-pixels";

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

/**
 * An image at the size of a generation, resized by Lanczos as diffusers does.
 * @returns `[1, 3, height, width]`, -1..1
 * @throws SKIPSTEP_IMAGE_UNREADABLE
 */
export async function loadPicture(image: PictureSource, width: number, height: number): Promise<Floats> {
  const { values, ...size } = typeof image === "string" ? await readPicture(image, width, height) : image;
  if (size.width !== width || size.height !== height)
    return loadPicture(await resized({ values, ...size }, width, height), width, height);
  const planes = floats([1, 3, height, width]);
  const pixels = width * height;
  for (let at = 0; at < values.length; at++) planes.data[(at % 3) * pixels + Math.floor(at / 3)] = values[at]! * 2 - 1;
  return planes;
}

async function readPicture(file: string, width: number, height: number): Promise<Picture> {
  try {
    checkRegularFile(file);
    return await resizedPixels(await pixelsOfFile(file), width, height);
  } catch (error) {
    throw imageUnreadable(file, messageOf(error), error);
  }
}

/** Through bytes: a picture from memory that has another size is one that came from a file. */
function resized({ values, ...size }: Picture, width: number, height: number): Promise<Picture> {
  const data = Uint8Array.from(values, (value) => Math.round(value * 255));
  return resizedPixels({ ...size, data }, width, height);
}

async function resizedPixels({ data, ...size }: Pixels, width: number, height: number): Promise<Picture> {
  const resized = await sharp(data, { raw: { ...size, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: "lanczos3" })
    .raw()
    .toBuffer();
  return { width, height, values: Float32Array.from(resized, (byte) => byte / 255) };
}
