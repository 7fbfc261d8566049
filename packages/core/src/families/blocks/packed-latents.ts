import { type Floats, floats } from "../../tensor";

/** Latent pixels along one side of a token. */
export const PACK = 2;

/**
 * Latents as tokens of 2 x 2 pixels, row by row; within a token the channel comes first, then the pixel's row.
 * @param latents `[B, C, h, w]` @returns `[B, h / 2 * w / 2, 4 C]`
 */
export function packLatents(latents: Floats): Floats {
  const [batch, channels, height, width] = latents.shape as [number, number, number, number];
  const tokens = (height / PACK) * (width / PACK);
  const packed = floats([batch, tokens, channels * PACK ** 2]);
  eachPixel([batch, channels, height, width], tokens, (pixel, at) => {
    packed.data[at] = latents.data[pixel]!;
  });
  return packed;
}

/**
 * The first tokens as latents.
 * @param tokens `[B, h / 2 * w / 2 or more, 4 C]` @param height h @param width w @returns `[B, C, h, w]`
 */
export function unpackLatents(tokens: Floats, height: number, width: number): Floats {
  const [batch, count, features] = tokens.shape as [number, number, number];
  const shape = [batch, features / PACK ** 2, height, width] as const;
  const latents = floats(shape);
  eachPixel(shape, count, (pixel, at) => {
    latents.data[pixel] = tokens.data[at]!;
  });
  return latents;
}

/** Tells of each pixel of `[B, C, h, w]` in order where it lies in the packed tensor of so many tokens a row. */
function eachPixel(
  [batch, channels, height, width]: readonly [number, number, number, number],
  tokens: number,
  tell: (pixel: number, at: number) => void,
): void {
  const features = channels * PACK ** 2;
  let pixel = 0;
  for (let item = 0; item < batch; item++)
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++, pixel++) {
          const token = Math.floor(y / PACK) * (width / PACK) + Math.floor(x / PACK);
          const feature = channel * PACK ** 2 + (y % PACK) * PACK + (x % PACK);
          tell(pixel, (item * tokens + token) * features + feature);
        }
}
