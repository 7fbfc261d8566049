import sharp from "sharp";
import type { Floats } from "../tensor";
import type { Pixels } from "./picture-pixels";
import { addText } from "./png-text";

/** One finished image. */
export interface Image {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Red, green, blue from the top left: `[height, width, 3]`, 0..255. */
  readonly data: Uint8Array;
  /** The same before rounding to bytes, 0..1. */
  readonly values: Float32Array;
  /** Texts that `toPng` writes into the file, by keyword: how the image was made. */
  readonly text: Readonly<Record<string, string>>;
  /** The image as a PNG file, `text` included. Equal images are equal files. */
  toPng(options?: PngOptions): Promise<Uint8Array>;
}

export interface PngOptions {
  /** False leaves out how the image was made: the prompt, too. */
  readonly recipe?: boolean;
  /** Texts of others, by keyword, as galleries read them; after the recipe. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** What a decoder gave, as images. */
export interface DecodedImage {
  readonly image: Image;
  /** Values that were NaN or infinite; they are black. */
  readonly nonFinite: number;
}

/**
 * Turns a decoder's output into images.
 * @param sample `[B, 3, H, W]`, -1..1
 * @param textOf texts for the image at an index
 * @param pasted what becomes of each image's pixels, where they are not the image themselves
 */
export function imagesOf(
  { shape, data }: Floats,
  textOf: (index: number) => Readonly<Record<string, string>>,
  pasted?: (drawn: Pixels) => Pixels,
): DecodedImage[] {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const size = channels * height * width;
  return Array.from({ length: batch }, (_, index) => {
    const { nonFinite, ...drawn } = pixelsOf(data.subarray(index * size, (index + 1) * size), width, height);
    const pixels = pasted ? withValues(pasted(drawn)) : drawn;
    return { image: imageOf(pixels, textOf(index)), nonFinite };
  });
}

type ValuedPixels = Pixels & Pick<Image, "values">;

function pixelsOf(planes: Float32Array, width: number, height: number): ValuedPixels & Pick<DecodedImage, "nonFinite"> {
  const pixels = width * height;
  const values = new Float32Array(3 * pixels);
  const data = new Uint8Array(3 * pixels);
  let nonFinite = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = planes[channel * pixels + pixel]!;
      if (!Number.isFinite(value)) {
        nonFinite++;
        continue;
      }
      const at = pixel * 3 + channel;
      values[at] = Math.min(1, Math.max(0, value / 2 + 0.5));
      data[at] = Math.round(values[at]! * 255);
    }
  return { width, height, values, data, nonFinite };
}

function withValues(pixels: Pixels): ValuedPixels {
  return { ...pixels, values: Float32Array.from(pixels.data, (byte) => byte / 255) };
}

function imageOf(pixels: ValuedPixels, text: Readonly<Record<string, string>>): Image {
  return {
    ...pixels,
    text,
    toPng: ({ recipe = true, texts = {} } = {}) => toPng(pixels, { ...(recipe ? text : {}), ...texts }),
  };
}

async function toPng({ width, height, data }: Pixels, text: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return addText(png, text);
}
