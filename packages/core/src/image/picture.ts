import type { Image } from "./image";

/** An image in memory: `[height, width, 3]`, 0..1. */
export type Picture = Pick<Image, "width" | "height" | "values">;
