import sharp from "sharp";

/** Pixels of a file that are decoded at most: sharp's own limit, of which a camera with 200 million needs three quarters. */
export const limitInputPixels = 0x3fff ** 2;

/** Pixels in 8 bits: `[height, width, 3]`, red, green, blue from the top left. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * A file's picture as diffusers' `load_image` gives it, which is Pillow's `convert("RGB")` after the camera's note of
 * which way is up. Alpha is dropped, whatever colours it hid; colour profiles are not applied, and CMYK is converted
 * without one; of an animation or of several pages the first counts; of 16 bits a channel the upper 8 do. Where Pillow
 * reads nothing, a drawing (SVG), it lies on white.
 * @throws what sharp throws
 */
export async function pixelsOfFile(file: string | Uint8Array): Promise<Pixels> {
  const { space, format, hasAlpha } = await sharp(file, { limitInputPixels }).metadata();
  const upright = sharp(file, { ignoreIcc: true, limitInputPixels }).rotate();
  if (space === "cmyk") {
    const { data, info } = await upright.pipelineColourspace("cmyk").toColourspace("cmyk").raw().toBuffer(whole);
    return { ...sizeOf(info), data: fromCmyk(data) };
  }
  if (space === "grey16" && !hasAlpha) {
    const { data, info } = await upright.toColourspace("grey16").raw({ depth: "ushort" }).toBuffer(whole);
    return { ...sizeOf(info), data: fromDeepGrey(new Uint16Array(data.buffer, data.byteOffset, data.length / 2)) };
  }
  const opaque = format === "svg" ? upright.flatten({ background: "white" }) : upright.removeAlpha();
  const { data, info } = await opaque.toColourspace("srgb").raw().toBuffer(whole);
  return { ...sizeOf(info), data };
}

/** What is said of a picture that comes out in a way that nobody wants. */
export async function pictureWarnings(file: string): Promise<string[]> {
  const { space, hasAlpha } = await sharp(file, { limitInputPixels }).metadata();
  if (space !== "grey16" || hasAlpha) return [];
  return [
    `${file} is grey with 16 bits, of which the reference keeps values up to 255; all that is lighter is white. Save it with 8 bits.`,
  ];
}

const whole = { resolveWithObject: true } as const;

function sizeOf({ width, height }: sharp.OutputInfo): { width: number; height: number } {
  return { width, height };
}

/** Inks over white, in the 8-bit steps that Pillow makes. @param inks `[..., 4]`, 255 is all ink */
function fromCmyk(inks: Uint8Array): Uint8Array {
  const data = new Uint8Array((inks.length / 4) * 3);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / 3);
    const light = 255 - inks[pixel * 4 + 3]!;
    const product = inks[pixel * 4 + (at % 3)]! * light + 128;
    data[at] = light - (((product >> 8) + product) >> 8);
  }
  return data;
}

/** Pillow has no scale for such values: it cuts them off at 255. */
function fromDeepGrey(values: Uint16Array): Uint8Array {
  return Uint8Array.from({ length: values.length * 3 }, (_, at) => Math.min(255, values[Math.floor(at / 3)]!));
}
