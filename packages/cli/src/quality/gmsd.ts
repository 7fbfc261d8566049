import type { Image } from "@skipstep/core";
import { luminance } from "./luminance";

/** Of the paper, for gray values of 0..255: keeps flat parts from counting. */
const T = 170;

/** Gray values or lengths of gradients, `[height, width]`. */
interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

/**
 * Gradient Magnitude Similarity Deviation, Xue et al. 2014, https://arxiv.org/abs/1308.3052: how unevenly edges differ
 * from place to place. A distance without a network: 0 for equal images, about 0.2 for heavy damage.
 *
 * | here       | paper | is                                                 |
 * | ---------- | ----- | -------------------------------------------------- |
 * | magnitudes | m     | lengths of Prewitt gradients at half the size      |
 * | similarity | GMS   | by pixel, `(2 m_a m_b + T) / (m_a^2 + m_b^2 + T)`  |
 */
export function gmsd(a: Image, b: Image): number {
  const [ma, mb] = [magnitudes(halved(a)), magnitudes(halved(b))];
  const similarity = ma.map((m, i) => (2 * m * mb[i]! + T) / (m ** 2 + mb[i]! ** 2 + T));
  const mean = similarity.reduce((sum, s) => sum + s, 0) / similarity.length;
  const squares = similarity.reduce((sum, s) => sum + (s - mean) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, similarity.length - 1));
}

/** Means of 2 x 2 pixels. A last row or column that stands alone is averaged with zeros, as in the authors' code. */
function halved(image: Image): Plane {
  const gray = luminance(image);
  const [width, height] = [Math.ceil(image.width / 2), Math.ceil(image.height / 2)];
  const values = new Float64Array(width * height);
  for (let y = 0; y < image.height; y++)
    for (let x = 0; x < image.width; x++) values[(y >> 1) * width + (x >> 1)]! += gray[y * image.width + x]! / 4;
  return { width, height, values };
}

/** Around the plane are zeros. */
function magnitudes({ width, height, values }: Plane): Float64Array {
  const at = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : values[y * width + x]!;
  return values.map((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    let [horizontal, vertical] = [0, 0];
    for (const k of [-1, 0, 1]) {
      horizontal += at(x + 1, y + k) - at(x - 1, y + k);
      vertical += at(x + k, y + 1) - at(x + k, y - 1);
    }
    return Math.hypot(horizontal, vertical) / 3;
  });
}
