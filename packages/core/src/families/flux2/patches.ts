import { type Floats, floats } from "../../tensor";
import { packLatents, unpackLatents } from "../blocks/packed-latents";

/** Latent pixels along one side of a patch, which is a token of the denoiser. */
export const PATCH = 2;

/**
 * Latents as the pipeline works with them: 2 x 2 pixels in one, the channel slowest, then the pixel's row.
 * @param latents `[B, C, 2 h, 2 w]` @returns `[B, 4 C, h, w]`
 */
export function patched(latents: Floats): Floats {
  const [, , height, width] = latents.shape as [number, number, number, number];
  return imageOf(packLatents(latents), height / PATCH, width / PATCH);
}

/** @param latents `[B, 4 C, h, w]` @returns `[B, C, 2 h, 2 w]` */
export function unpatched(latents: Floats): Floats {
  const [, , height, width] = latents.shape as [number, number, number, number];
  return unpackLatents(tokensOf(latents), height * PATCH, width * PATCH);
}

/** Row by row. @param latents `[B, C, h, w]` @returns `[B, h w, C]` */
export function tokensOf({ shape, data }: Floats): Floats {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  return floats([batch, height * width, channels], turned(data, batch, channels, height * width));
}

/** The first tokens as latents. @param tokens `[B, h w or more, C]` @returns `[B, C, h, w]` */
export function imageOf({ shape, data }: Floats, height: number, width: number): Floats {
  const [batch, count, channels] = shape as [number, number, number];
  const pixels = height * width;
  const kept =
    count === pixels
      ? data
      : Float32Array.from({ length: batch * pixels * channels }, (_, at) => {
          const item = Math.floor(at / (pixels * channels));
          return data[item * count * channels + (at % (pixels * channels))]!;
        });
  return floats([batch, channels, height, width], turned(kept, batch, pixels, channels));
}

/** Each of `batch` matrices transposed. @param data `[batch, rows, columns]` @returns `[batch, columns, rows]` */
function turned(data: Float32Array, batch: number, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let item = 0; item < batch; item++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        result[(item * columns + column) * rows + row] = data[(item * rows + row) * columns + column]!;
  return result;
}
