import type { Settings } from "../../loop/settings";

/** Pixels of an image. */
type Size = Pick<Settings, "height" | "width">;

/** Height over width as the reference rounds it, and both in sixteenths of the side that the model was trained on. */
type Bin = readonly [ratio: number, height: number, width: number];

/** Sizes of about the same area that PixArt and SANA were trained on. */
const bins: readonly Bin[] = [
  [0.25, 8, 32],
  [0.28, 8, 29],
  [0.32, 9, 28],
  [0.33, 9, 27],
  [0.35, 9, 26],
  [0.4, 10, 25],
  [0.42, 10, 24],
  [0.48, 11, 23],
  [0.5, 11, 22],
  [0.52, 11, 21],
  [0.57, 12, 21],
  [0.6, 12, 20],
  [0.68, 13, 19],
  [0.72, 13, 18],
  [0.78, 14, 18],
  [0.82, 14, 17],
  [0.88, 15, 17],
  [0.94, 15, 16],
  [1, 16, 16],
  [1.07, 16, 15],
  [1.13, 17, 15],
  [1.21, 17, 14],
  [1.29, 18, 14],
  [1.38, 18, 13],
  [1.46, 19, 13],
  [1.67, 20, 12],
  [1.75, 21, 12],
  [2, 22, 11],
  [2.09, 23, 11],
  [2.4, 24, 10],
  [2.5, 25, 10],
  [3, 27, 9],
  [4, 32, 8],
];

/** Those that only models of 2048 pixels and more have. */
const moreBins: readonly Bin[] = [
  [0.26, 8, 31],
  [0.27, 8, 30],
  [2.89, 26, 9],
  [3.11, 28, 9],
  [3.62, 29, 8],
  [3.75, 30, 8],
  [3.88, 31, 8],
];

/**
 * The size nearest in shape that a model was trained on.
 * @param side pixels of the square that it was made for: 256, 512, 1024, 2048 or 4096
 */
export function nearestBin({ height, width }: Size, side: number): Size {
  const ratio = height / width;
  const all = side >= 2048 ? [...bins, ...moreBins].sort(([a], [b]) => a - b) : bins;
  const distance = ([own]: Bin): number => Math.abs(own - ratio);
  // Of two that are as near the flatter one.
  const [, rows, columns] = all.reduce((best, bin) => (distance(bin) < distance(best) ? bin : best));
  const unit = side / 16;
  return { height: rows * unit, width: columns * unit };
}
