import type { Image } from "@skipstep/core";
import sharp from "sharp";
import type { Output, OutputFormat } from "./image-request";

export const mediaTypes: Readonly<Record<OutputFormat, string>> = {
  png: "image/png",
  jpeg: "image/jpeg",
  webp: "image/webp",
};

/** OpenAI's: as good as it gets. */
const usualCompression = 100;

/** A file of an image. A PNG has the recipe, and the same bytes as one of `skipstep generate`. */
export async function encodeImage(
  image: Image,
  { format, compression = usualCompression }: Output,
  texts: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  if (format === "png") return image.toPng({ texts });
  const pixels = sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } });
  const quality = Math.max(1, compression); // sharp begins at 1
  return format === "jpeg" ? pixels.jpeg({ quality }).toBuffer() : pixels.webp({ quality }).toBuffer();
}
