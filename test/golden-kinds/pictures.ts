import type { Image } from "@skipstep/core";
import type { Tensor } from "@skipstep/core/model";

export type Picture = Pick<Image, "width" | "height" | "values">;

/** @param images `[B, 3, H, W]`, or of grey `[B, 1, H, W]`, 0..1 */
export function picturesOf({ shape, data }: Tensor): Picture[] {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const [pixels, size] = [height * width, channels * height * width];
  return Array.from({ length: batch }, (_, item) => ({
    width,
    height,
    values: Float32Array.from({ length: 3 * pixels }, (_, at) =>
      Number(data[item * size + ((at % 3) % channels) * pixels + Math.floor(at / 3)]),
    ),
  }));
}
