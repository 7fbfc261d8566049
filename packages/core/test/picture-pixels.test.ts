import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pictureSize } from "../src/image/load-picture";
import { pictureWarnings, pixelsOfFile } from "../src/image/picture-pixels";

const folder = join(import.meta.dirname, "../../../test/golden/pictures");
/** Rows of `[r, g, b]` by file, made by diffusers and Pillow, see make.py beside it. */
const expected: Record<string, number[][][]> = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8"));
/** AVIF's colour conversion is rounded in another place; all others are exact. */
const tolerance: Readonly<Record<string, number>> = { "smooth.avif": 1 };

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "skipstep-pictures-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe("a picture to begin with has the reference's pixels", () => {
  it("of every kind that is here", () => {
    const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
    const pictures = files.map(({ name }) => name).filter((name) => !/\.(py|json)$/.test(name));
    expect(Object.keys(expected).sort()).toEqual(pictures.sort());
  });

  it.each(Object.entries(expected))("%s", async (name, rows) => {
    const file = join(folder, name);
    const { width, height, data } = await pixelsOfFile(file);
    expect([height, width]).toEqual([rows.length, rows[0]!.length]);
    expect(await pictureSize(file)).toEqual({ width, height });
    const apart = rows.flat(2).map((value, i) => Math.abs(value - data[i]!));
    expect(Math.max(...apart)).toBeLessThanOrEqual(tolerance[name] ?? 0);
    expect(data).toHaveLength(apart.length);
  });

  it("and an SVG lies on white", async () => {
    const file = join(scratch, "half.svg");
    writeFileSync(
      file,
      '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"><rect width="1" height="1"/></svg>',
    );
    expect([...(await pixelsOfFile(file)).data]).toEqual([0, 0, 0, 255, 255, 255]);
  });
});

describe("a picture that comes out white", () => {
  it("is warned of", async () => {
    expect(await pictureWarnings(join(folder, "grey-16.png"))).toEqual([
      expect.stringContaining("grey-16.png is grey with 16 bits"),
    ]);
    expect(await pictureWarnings(join(folder, "rgb-16.png"))).toEqual([]);
  });
});
