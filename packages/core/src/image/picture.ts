import type { Image } from "./image";

/** An image in memory: `[height, width, 3]`, 0..1. */
export type Picture = Pick<Image, "width" | "height" | "values">;

/** A file, or an image in memory. */
export type PictureSource = string | Picture;

/** Pixels. */
export type PictureSize = Pick<Picture, "width" | "height">;

/** One or several as a list. */
export function picturesOf(image: PictureSource | readonly PictureSource[] | undefined): readonly PictureSource[] {
  return image === undefined ? [] : ([image].flat() as PictureSource[]);
}
