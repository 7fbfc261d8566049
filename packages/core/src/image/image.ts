import sharp from "sharp";
import type { Floats } from "../tensor";
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
 */
export function imagesOf(
  { shape, data }: Floats,
  textOf: (index: number) => Readonly<Record<string, string>>,
): DecodedImage[] {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const size = channels * height * width;
  return Array.from({ length: batch }, (_, index) =>
    imageOf(data.subarray(index * size, (index + 1) * size), width, height, textOf(index)),
  );
}

function imageOf(
  planes: Float32Array,
  width: number,
  height: number,
  text: Readonly<Record<string, string>>,
): DecodedImage {
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
  const png = ({ recipe = true }: PngOptions = {}): Promise<Uint8Array> =>
    toPng(width, height, data, recipe ? text : {});
  return { image: { width, height, data, values, text, toPng: png }, nonFinite };
}

async function toPng(
  width: number,
  height: number,
  data: Uint8Array,
  text: Readonly<Record<string, string>>,
): Promise<Uint8Array> {
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return addText(png, text);
}
