import sharp from "sharp";
import { messageOf } from "../errors/error";
import { imageUnreadable } from "../errors/pipeline";
import type { Picture } from "./picture";
import { limitInputPixels, pixelsOfFile } from "./picture-pixels";

/**
 * A picture out of a file's bytes, for `picture`, `maskPicture` and the like of a request; its pixels are those that the
 * file would give.
 * @param name what it is called where it cannot be read
 * @throws SKIPSTEP_IMAGE_UNREADABLE
 */
export async function readPicture(bytes: Uint8Array, name: string): Promise<Picture> {
  try {
    const { width, height, data } = await pixelsOfFile(bytes);
    return { width, height, values: Float32Array.from(data, (byte) => byte / 255) };
  } catch (error) {
    throw imageUnreadable(name, messageOf(error), error);
  }
}

/**
 * A mask file as Skipstep takes it, which is white where the image is drawn anew. OpenAI's are transparent there; one
 * without transparency is taken to be white there already.
 * @returns a file; the same where nothing is transparent
 * @throws SKIPSTEP_IMAGE_UNREADABLE
 */
export async function shownMask(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const { hasAlpha } = await sharp(bytes, { limitInputPixels }).metadata();
    if (!hasAlpha) return bytes;
    return await sharp(bytes, { limitInputPixels }).extractChannel("alpha").negate().png().toBuffer();
  } catch (error) {
    throw imageUnreadable(name, messageOf(error), error);
  }
}
