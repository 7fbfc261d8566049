import { describe, expect, it } from "vitest";
import { inTiles, needsTiles } from "../src/families/autoencoders/tiled-decode";
import { type Floats, floats } from "../src/tensor";

/** Each value is its place in the tensor. */
function numbered(shape: readonly number[]): Floats {
  const result = floats(shape);
  return floats(
    shape,
    result.data.map((_, i) => i),
  );
}

/** Each value four times, in 2x2 pixels. */
function doubled({ shape, data }: Floats): Floats {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const result = floats([batch, channels, 2 * height, 2 * width]);
  return floats(
    result.shape,
    result.data.map((_, i) => {
      const [plane, y, x] = [
        Math.floor(i / (4 * height * width)),
        Math.floor(i / (2 * width)) % (2 * height),
        i % (2 * width),
      ];
      return data[(plane * height + Math.floor(y / 2)) * width + Math.floor(x / 2)]!;
    }),
  );
}

describe("tiles", () => {
  it("of a function that looks at single pixels make the whole image again", async () => {
    for (const [height, width] of [
      [4, 11],
      [9, 3],
      [13, 8],
    ] as const) {
      const image = numbered([1, 3, height, width]);
      const sizes: number[] = [];
      const result = await inTiles(image, { from: 4, to: 8 }, async (tile) => {
        sizes.push(...tile.shape.slice(2));
        return doubled(tile);
      });
      expect(result).toEqual(doubled(image));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
    }
  });

  it("fade into each other over their common quarter", async () => {
    const colours = [10, 20, 30, 40, 50, 60];
    const tiles: number[] = [];
    const result = await inTiles(floats([1, 1, 1, 7]), { from: 4, to: 8 }, async ({ shape }) => {
      tiles.push(shape[3]!);
      const tile = floats([1, 1, 2, 2 * shape[3]!]);
      return floats(tile.shape, tile.data.fill(colours[tiles.length - 1]!));
    });
    expect(tiles).toEqual([4, 4, 1]); // from 0, 3 and 6
    expect([...result.data.subarray(0, 14)]).toEqual([10, 10, 10, 10, 10, 10, 10, 15, 20, 20, 20, 20, 20, 25]);
  });

  it("are for images larger than one of them", () => {
    expect(
      [
        [4, 4],
        [5, 4],
        [4, 5],
      ].map(([h, w]) => needsTiles(floats([1, 1, h!, w!]), 4)),
    ).toEqual([false, true, true]);
  });
});
