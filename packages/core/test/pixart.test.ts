import { describe, expect, it } from "vitest";
import { nearestBin } from "../src/families/transformers/resolution-bins";
import { resizeAndCrop } from "../src/image/resize-and-crop";
import { floats } from "../src/tensor";

describe("the nearest size that a model was trained on", () => {
  it.each([
    [128, 1024, 1024, 1024, 1024],
    [128, 30, 4000, 512, 2048],
    [128, 1000, 530, 1408, 704],
    [64, 333, 500, 416, 608],
    [32, 250, 500, 176, 352],
    [256, 4000, 1100, 3712, 1024], // sizes that only this model has
    [256, 2048, 2048, 2048, 2048],
  ])("of latents of %i for %i x %i is %i x %i", (sampleSize, height, width, ...expected) => {
    const bin = nearestBin({ height, width }, sampleSize * 8);
    expect([bin.height, bin.width]).toEqual(expected);
  });
});

describe("resizing and cutting", () => {
  /** One channel whose pixels are `10 row + column`. */
  const grid = (height: number, width: number) =>
    floats(
      [1, 1, height, width],
      Float32Array.from({ length: height * width }, (_, i) => 10 * Math.floor(i / width) + (i % width)),
    );

  it("leaves what has the size", () => {
    const images = grid(2, 3);
    expect(resizeAndCrop(images, 2, 3)).toBe(images);
  });

  it("cuts around the middle what is too wide", () => {
    expect([...resizeAndCrop(grid(2, 5), 2, 3).data]).toEqual([1, 2, 3, 11, 12, 13]);
  });

  it("lies between pixels, and repeats those at the edge", () => {
    expect([...resizeAndCrop(grid(1, 2), 2, 4).data]).toEqual([0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1]);
    expect([...resizeAndCrop(grid(4, 4), 2, 2).data]).toEqual([5.5, 7.5, 25.5, 27.5]);
  });

  it("gives the size even where scaling falls short of it by rounding", () => {
    expect(Math.trunc(928 * (944 / 928))).toBe(943);
    expect(resizeAndCrop(grid(256, 928), 256, 944).shape).toEqual([1, 1, 256, 944]);
  });
});
