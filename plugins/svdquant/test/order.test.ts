import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { awqPlace, codeIndex, downIndex, scaleIndex, upIndex } from "../src/nunchaku/order";

const [rows, channels, rank] = [256, 384, 48];

/** Of the places of all elements of `[height, width]`, as 32-bit integers. */
function hashOf(height: number, width: number, place: (row: number, column: number) => number): string {
  const places = Int32Array.from({ length: height * width }, (_, i) => place(Math.floor(i / width), i % width));
  return createHash("sha256").update(new Uint8Array(places.buffer)).digest("hex").slice(0, 16);
}

// From nunchaku's packer, which reshapes and permutes whole tensors.
describe("nunchaku's order", () => {
  it.each([
    ["codes", hashOf(rows, channels, (n, k) => codeIndex(n, k, channels)), "5b7c7bafd1606273"],
    ["scales", hashOf(rows, channels / 64, (n, g) => scaleIndex(n, g, channels / 64)), "5381a5e4806be9aa"],
    ["down", hashOf(rank, channels, (i, k) => downIndex(i, k, rank)), "840f0b1ac61ecce4"],
    ["up", hashOf(rows, rank, (n, i) => upIndex(n, i, rank)), "79e0b057b1892c1d"],
  ])("of %s is that of its packer", (_, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it("of W4A16 codes has a place for each", () => {
    const places = new Set<number>();
    for (let n = 0; n < 8; n++)
      for (let k = 0; k < 128; k++) {
        const { word, shift } = awqPlace(n, k, 128);
        places.add(4 * word + shift / 4);
      }
    expect([places.size, Math.max(...places)]).toEqual([8 * 128, 8 * 128 - 1]);
  });
});
