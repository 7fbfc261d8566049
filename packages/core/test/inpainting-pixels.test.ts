import { describe, expect, it } from "vitest";
import { coveredPixels, filledPixels, middlePixels } from "../src/image/fitted-pixels";
import { maskBox } from "../src/image/mask-box";
import { pastedPixels } from "../src/image/pasted-pixels";
import type { Pixels } from "../src/image/picture-pixels";
import { resizedPixels } from "../src/image/resample";

type Size = readonly [width: number, height: number];

/** Every expected value is Pillow 13.0's, or that of diffusers 0.42.1's image processors. */
describe("pixels are Pillow's", () => {
  it.each<[Size, Size, number[][]]>([
    [[7, 1], [4, 1], [[141, 61, 195, 115]]],
    [[4, 1], [7, 1], [[255, 173, 42, 18, 87, 120, 132]]],
    [
      [5, 3],
      [3, 5],
      [
        [158, 49, 173],
        [112, 98, 145],
        [71, 176, 90],
        [129, 193, 55],
        [182, 181, 47],
      ],
    ],
    [
      [40, 4],
      [5, 2],
      [
        [120, 128, 133, 127, 119],
        [119, 127, 130, 125, 130],
      ],
    ],
    // Wider and lower: rows go first.
    [
      [3, 5],
      [5, 3],
      [
        [164, 120, 69, 93, 126],
        [141, 133, 135, 167, 189],
        [135, 96, 51, 76, 108],
      ],
    ],
  ])("resized by Lanczos from %j to %j", (from, to, expected) => {
    expect(rowsOf(resizedPixels(image(...from), sizeOf(to)))).toEqual(expected);
  });

  it("that fill a size, with their edges stretched over what is left", () => {
    expect(rowsOf(filledPixels(image(10, 6), sizeOf([8, 8])))).toEqual([
      [145, 42, 155, 146, 130, 33, 139, 216],
      [145, 42, 155, 146, 130, 33, 139, 216],
      [142, 58, 153, 134, 127, 49, 137, 204],
      [118, 188, 141, 35, 105, 180, 124, 107],
      [134, 52, 117, 196, 128, 39, 108, 161],
      [83, 180, 128, 103, 78, 169, 115, 100],
      [77, 196, 129, 91, 72, 185, 116, 92],
      [77, 196, 129, 91, 72, 185, 116, 92],
    ]);
    // What is odd leaves a black column, there as well.
    expect(rowsOf(filledPixels(image(4, 9), sizeOf([7, 6])))).toEqual([
      [102, 102, 104, 123, 125, 125, 0],
      [150, 150, 150, 150, 150, 150, 0],
      [93, 93, 94, 100, 101, 101, 0],
      [141, 141, 141, 138, 138, 138, 0],
      [163, 163, 155, 94, 86, 86, 0],
      [72, 72, 86, 201, 215, 215, 0],
    ]);
  });

  it("that cover a size, or of which the middle is cut out", () => {
    expect(rowsOf(coveredPixels(image(8, 8), sizeOf([10, 6])))).toEqual([
      [56, 136, 235, 213, 104, 14, 21, 111, 197, 221],
      [191, 146, 183, 148, 15, 92, 173, 154, 143, 185],
      [219, 64, 0, 81, 132, 164, 216, 92, 0, 49],
      [52, 67, 97, 140, 207, 254, 97, 23, 90, 113],
      [68, 105, 216, 185, 50, 102, 72, 76, 165, 220],
      [192, 233, 202, 82, 13, 54, 150, 234, 194, 109],
    ]);
    expect(rowsOf(coveredPixels(image(6, 7), sizeOf([4, 9])))[8]).toEqual([255, 98, 33, 125]);
    expect(rowsOf(middlePixels(image(8, 8), sizeOf([5, 3])))).toEqual([
      [188, 237, 30, 79, 128],
      [11, 60, 109, 158, 207],
      [90, 139, 188, 237, 30],
    ]);
    expect(rowsOf(middlePixels(image(3, 3), sizeOf([5, 4])))).toEqual([
      [0, 0, 0, 0, 0],
      [0, 237, 30, 79, 0],
      [0, 60, 109, 158, 0],
      [0, 139, 188, 237, 0],
    ]);
  });

  it.each([
    [[84, 26], [13, 4, 15, 10], [64, 48], 1, [9, 3, 19, 11]],
    [[27, 46], [8, 23, 12, 25], [24, 48], 22, [0, 0, 27, 46]],
    [[22, 29], [6, 8, 13, 12], [32, 40], 19, [0, 0, 22, 29]],
    [[66, 33], [42, 18, 49, 24], [24, 32], 19, [23, 0, 66, 33]],
    [[72, 75], [55, 19, 62, 20], [16, 64], 28, [27, 0, 72, 75]],
    [[43, 31], [10, 0, 17, 5], [48, 24], 14, [0, 0, 38, 19]],
    [[35, 81], [12, 2, 14, 7], [40, 32], 7, [5, 0, 22, 14]],
    [[27, 68], [12, 31, 19, 38], [24, 48], 18, [0, 8, 27, 62]],
  ] as [Size, number[], Size, number, number[]][])("in %j around %j", (size, painted, drawn, padding, expected) => {
    const [width] = size;
    const [left, top, right, bottom] = painted as [number, number, number, number];
    const mask = new Uint8Array(width * size[1]).map((_, at) => {
      const [x, y] = [at % width, Math.floor(at / width)];
      return x >= left && x < right && y >= top && y < bottom ? 1 : 0;
    });
    expect(Object.values(maskBox(mask, sizeOf(size), sizeOf(drawn), padding)!)).toEqual(expected);
    expect(maskBox(mask.fill(0), sizeOf(size), sizeOf(drawn), padding)).toBeUndefined();
  });

  it("where a drawn part is put back behind a soft mask", () => {
    const row = (values: number[]): Pixels => ({
      width: values.length,
      height: 1,
      data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
    });
    const whole = row([255, 200, 3, 90, 17, 250, 128, 9]);
    const drawn = row([0, 31, 250, 77, 201, 5, 128, 240]);
    const mask = Uint8Array.of(0, 1, 13, 77, 128, 200, 254, 255);
    const box = { left: 0, top: 0, right: 8, bottom: 1 };
    expect(rowsOf(pastedPixels(whole, drawn, box, mask))).toEqual([[255, 198, 16, 86, 109, 58, 128, 240]]);
  });
});

/** Grey, with no regularity in its pixels. */
function image(width: number, height: number): Pixels {
  const grey = (at: number): number => (((at % width) * 37 + Math.floor(at / width) * 91 + 17) * 29) % 256;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => grey(Math.floor(at / 3)));
  return { width, height, data };
}

function sizeOf([width, height]: Size): { width: number; height: number } {
  return { width, height };
}

function rowsOf({ width, height, data }: Pixels): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (__, x) => data[(y * width + x) * 3]!));
}
