import type { Pixels } from "./picture-pixels";

/** Brightness as Pillow's `convert("L")` has it. @returns `[height, width]` */
export function greyPixels({ data }: Pixels): Uint8Array {
  return Uint8Array.from({ length: data.length / 3 }, (_, pixel) => {
    const [red, green, blue] = [data[pixel * 3]!, data[pixel * 3 + 1]!, data[pixel * 3 + 2]!];
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  });
}
