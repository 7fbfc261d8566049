import type { Image } from "@skipstep/core";
import type { Tensor } from "@skipstep/core/model";

export type Picture = Pick<Image, "width" | "height" | "values">;

/** @param images `[B, 3, H, W]`, 0..1 */
export function picturesOf({ shape, data }: Tensor): Picture[] {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const [pixels, size] = [height * width, channels * height * width];
  return Array.from({ length: batch }, (_, item) => ({
    width,
    height,
    values: Float32Array.from({ length: size }, (_, at) =>
      Number(data[item * size + (at % channels) * pixels + Math.floor(at / channels)]),
    ),
  }));
}
