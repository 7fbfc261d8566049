import type { Image } from "@skipstep/core";
import type { Output, OutputFormat } from "./image-request";

export const mediaTypes: Readonly<Record<OutputFormat, string>> = {
  png: "image/png",
  jpeg: "image/jpeg",
  webp: "image/webp",
};

/** OpenAI's: as good as it gets. */
const usualCompression = 100;

/** A file of an image, the same as `skipstep generate` writes: with the recipe, a JPEG as far as it has room for it. */
export async function encodeImage(
  image: Image,
  { format, compression = usualCompression }: Output,
  texts: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  if (format === "png") return image.toPng({ texts });
  const quality = Math.max(1, compression); // 0 is OpenAI's least
  return format === "jpeg" ? image.toJpeg({ quality, texts }) : image.toWebp({ quality, texts });
}
