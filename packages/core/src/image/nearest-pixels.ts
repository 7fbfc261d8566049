import { type Floats, floats } from "../tensor";

/** The top left pixel of every `factor` x `factor`. @param image `[B, C, H, W]` @returns `[B, C, H / factor, W / factor]` */
export function nearestPixels({ shape, data }: Floats, factor: number): Floats {
  const [batch, channels, fromHeight, fromWidth] = shape as [number, number, number, number];
  const [height, width] = [Math.floor(fromHeight / factor), Math.floor(fromWidth / factor)];
  const result = floats([batch, channels, height, width]);
  let at = 0;
  for (let plane = 0; plane < batch * channels; plane++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        result.data[at++] = data[(plane * fromHeight + y * factor) * fromWidth + x * factor]!;
  return result;
}
