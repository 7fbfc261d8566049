import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { addText } from "../src/image/png-text";
import { readRecipe } from "../src/recipe/recipe";

const recipe = {
  recipe: 2,
  config: {
    model: { name: "m", sha256: "a".repeat(64) },
    device: "cpu",
    generate: { prompt: ["❤️"] },
    guidance: "batch",
    plugins: [],
    strict: false,
  },
  image: 0,
  versions: { node: "20.0.0" },
  weights: { vae: "a" },
  plugins: [],
};

async function pngWith(text: Record<string, string>): Promise<Uint8Array> {
  const pixels = { width: 2, height: 2, channels: 3 as const };
  return addText(await sharp(Buffer.alloc(12), { raw: pixels }).png().toBuffer(), text);
}

describe("readRecipe", () => {
  it("reads what was written, also by version 1, whose paths become files", async () => {
    expect(readRecipe(await pngWith({ skipstep: JSON.stringify(recipe) }), "a.png")).toEqual(recipe);
    const first = {
      ...recipe,
      recipe: 1,
      config: {
        ...recipe.config,
        model: "/m/emoji",
        components: { vae: "hf:a/b@v1" },
        lora: ["/l/cat.safetensors", { path: "/l/dog.safetensors", scale: 2 }],
        generate: { ...recipe.config.generate, image: "/p/a.png" },
        plugins: ["fbcache", { use: "/x/evil.mjs" }, { use: "file:///x.mjs" }, { use: "@a/b/../../x" }, { use: "a/b" }],
      },
    };
    const { recipe: version, config } = readRecipe(await pngWith({ skipstep: JSON.stringify(first) }), "a.png");
    expect(version).toBe(1);
    expect(config).toMatchObject({
      model: { name: "emoji", path: "/m/emoji" },
      components: { vae: { name: "a/b@v1", hub: "hf:a/b@v1" } },
      lora: [
        { path: { name: "cat.safetensors", path: "/l/cat.safetensors" } },
        { path: { name: "dog.safetensors", path: "/l/dog.safetensors" }, scale: 2 },
      ],
      generate: { image: { name: "a.png", path: "/p/a.png" } },
      plugins: [
        { use: "fbcache" },
        { use: { path: "/x/evil.mjs" } },
        { use: { path: "file:///x.mjs" } },
        { use: { path: "@a/b/../../x" } },
        { use: { path: "a/b" } },
      ],
    });
  });

  it.each<[string, Record<string, string>]>([
    ["carries no recipe", { parameters: "a heart" }],
    ["carries a recipe that this version does not read", { skipstep: "{" }],
    ["carries a recipe that this version does not read", { skipstep: JSON.stringify({ ...recipe, recipe: 3 }) }],
    ["carries a recipe that this version does not read", { skipstep: JSON.stringify({ ...recipe, versions: null }) }],
    ["carries a recipe that this version does not read", { skipstep: JSON.stringify({ ...recipe, config: {} }) }],
  ])("says that a file %s", async (problem, text) => {
    const png = await pngWith(text);
    expect(() => readRecipe(png, "a.png")).toThrow(`a.png ${problem}.`);
  });

  it("says that a file is no PNG, or is cut off", async () => {
    const png = await pngWith({ skipstep: JSON.stringify(recipe) });
    for (const broken of [png.subarray(0, png.length - 5), Buffer.from("GIF89a")])
      expect(() => readRecipe(broken, "a.png")).toThrow("a.png is no PNG, JPEG or WebP file, or is cut off.");
  });
});
