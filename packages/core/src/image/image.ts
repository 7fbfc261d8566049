import sharp from "sharp";
import { argumentInvalid } from "../errors/arguments";
import { shown } from "../errors/shown";
import type { Floats } from "../tensor";
import { addJpegText } from "./jpeg-text";
import type { Pixels } from "./picture-pixels";
import { addText } from "./png-text";
import { addWebpText } from "./webp-text";

/** One finished image. */
export interface Image {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** Red, green, blue from the top left: `[height, width, 3]`, 0..255. */
  readonly data: Uint8Array;
  /** The same before rounding to bytes, 0..1. */
  readonly values: Float32Array;
  /** Texts that are written into files, by keyword: how the image was made. */
  readonly text: Readonly<Record<string, string>>;
  /** The image as a PNG file, `text` included. Equal images are equal files. */
  toPng(options?: PngOptions): Promise<Uint8Array>;
  /** As JPEG. It has room for 64 kB of texts: a longer recipe is left out. @throws SKIPSTEP_ARGUMENT_INVALID */
  toJpeg(options?: LossyOptions): Promise<Uint8Array>;
  /** As WebP, with loss. @throws SKIPSTEP_ARGUMENT_INVALID */
  toWebp(options?: LossyOptions): Promise<Uint8Array>;
}

export interface LossyOptions extends PngOptions {
  /** 1 to 100, the best; 90 when left out. From 90 on, a JPEG has all of the colours' pixels. */
  readonly quality?: number;
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
    toPng: async (options) => addText(await raw(pixels).png().toBuffer(), textsOf(text, options)),
    toJpeg: async (options) => {
      const quality = qualityOf("toJpeg", options);
      const chromaSubsampling = quality >= usualQuality ? "4:4:4" : "4:2:0";
      return addJpegText(await raw(pixels).jpeg({ quality, chromaSubsampling }).toBuffer(), textsOf(text, options));
    },
    toWebp: async (options) => {
      const quality = qualityOf("toWebp", options);
      return addWebpText(await raw(pixels).webp({ quality }).toBuffer(), textsOf(text, options), pixels);
    },
  };
}

const usualQuality = 90;

function raw({ width, height, data }: Pixels): sharp.Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function textsOf(text: Image["text"], { recipe = true, texts = {} }: PngOptions = {}): Image["text"] {
  return { ...(recipe ? text : {}), ...texts };
}

function qualityOf(call: string, { quality = usualQuality }: LossyOptions = {}): number {
  if (Number.isInteger(quality) && quality >= 1 && quality <= 100) return quality;
  throw argumentInvalid(call, [`"quality" must be a whole number from 1 to 100, found ${shown(quality)}`]);
}
