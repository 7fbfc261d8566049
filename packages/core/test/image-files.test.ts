import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { exifOf, readExif } from "../src/image/exif-text";
import { imagesOf } from "../src/image/image";
import { readImageText } from "../src/image/image-text";

const texts = { parameters: "red ❤️ heart\nSteps: 4, Seed: 7", skipstep: '{"prompt":"rotes ❤️"}' };
const [width, height] = [33, 17];

function imageWith(text: Readonly<Record<string, string>>): ReturnType<typeof imagesOf>[number]["image"] {
  const data = Float32Array.from({ length: 3 * width * height }, (_, i) =>
    Math.sin(((i % width) + Math.floor(i / width)) / 20),
  );
  return imagesOf({ dtype: "float32", shape: [1, 3, height, width], data }, () => text)[0]!.image;
}

describe.each(["toJpeg", "toWebp"] as const)("%s", (encode) => {
  const format = encode === "toJpeg" ? "jpeg" : "webp";

  it("writes a file of nearly the same pixels, with the texts that PNG has", async () => {
    const image = imageWith(texts);
    const file = await image[encode]();
    const pixels = await sharp(file).raw().toBuffer();
    const error = pixels.reduce((sum, byte, i) => sum + Math.abs(byte - image.data[i]!), 0) / pixels.length;
    expect(error).toBeLessThan(5);
    const metadata = await sharp(file).metadata();
    expect(metadata).toMatchObject({ format, width, height, hasAlpha: false });
    expect(readImageText(file)).toEqual(texts);
    expect(readImageText(await image.toPng())).toEqual(texts);
    // By another reader: libvips, which gives the block with a mark before it.
    expect(readExif(metadata.exif!.subarray(metadata.exif!.indexOf("MM\0*")))).toEqual(texts);
    expect(file).toEqual(await imageWith(texts)[encode]());
  });

  it("takes a quality, and leaves out the recipe", async () => {
    const [small, large] = await Promise.all([5, 100].map((quality) => imageWith(texts)[encode]({ quality })));
    expect(small!.length).toBeLessThan(large!.length / 1.5);
    const image = imageWith(texts);
    expect(readImageText(await image[encode]({ recipe: false }))).toEqual({});
    const line = { parameters: "a" };
    expect(readImageText(await image[encode]({ recipe: false, texts: line }))).toEqual(line);
    for (const quality of [0, 101, 1.5, "90" as never])
      await expect(image[encode]({ quality })).rejects.toMatchObject({ code: "SKIPSTEP_ARGUMENT_INVALID" });
  });

  it("is read without harm where it is cut off or changed", async () => {
    const file = await imageWith(texts)[encode]();
    for (let length = 0; length < file.length; length += 3) readImageText(file.subarray(0, length));
    for (let at = 0; at < Math.min(file.length, 500); at++) {
      const changed = Uint8Array.from(file);
      changed[at] = 0xff;
      readImageText(changed);
    }
    expect(readImageText(file.subarray(0, 2))).toBeUndefined();
  });
});

it("writes the line of settings where EXIF has the user's comment", () => {
  const [header, pointer] = ["4d4d002a00000008", "000187690004000000010000001a00000000"];
  const entry = "0001928600070000000a0000002c00000000";
  const comment = `${Buffer.from("UNICODE\0").toString("hex")}00e9`;
  expect(Buffer.from(exifOf({ parameters: "é" })!).toString("hex")).toBe(header + pointer + entry + comment);
});

it("keeps a long recipe in WebP; a JPEG has room for 64 kB, and keeps the line of settings", async () => {
  const image = imageWith({ parameters: "a", skipstep: "é".repeat(40_000) });
  expect(readImageText(await image.toWebp())).toEqual(image.text);
  expect(readImageText(await image.toJpeg())).toEqual({ parameters: "a" });
  expect(readImageText(await imageWith({ parameters: "a".repeat(40_000) }).toJpeg())).toEqual({});
});
