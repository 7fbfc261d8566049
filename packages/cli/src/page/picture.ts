import type { Image } from "@skipstep/core";

/** An image as the address of an `img`, with everything in it. */
export async function pictureAddress(image: Image): Promise<string> {
  return `data:image/png;base64,${Buffer.from(await image.toPng()).toString("base64")}`;
}
