import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "@skipstep/cli";
import { createPipeline, type Inspection, type OpenedRecipe, openRecipe, readRecipe } from "@skipstep/core";
import { describe, expect, it, vi } from "vitest";
import { userFolder } from "./golden-model";

const folder = userFolder();
const cache = ["--cache", join(folder, "cache")];

function written(name: string, config: object): string {
  const file = join(folder, name);
  const generate = { seed: 14, num_inference_steps: 12 };
  writeFileSync(file, JSON.stringify({ model: "ddpm", plugins: ["ddpm"], generate, ...config }));
  return file;
}

const plain = written("plain.json", {});
const pair = written("pair.json", { generate: { seed: 14, num_inference_steps: 4, batch_size: 2 } });
const fast = written("fast.json", {
  plugins: ["ddpm", { use: "deepcache", options: { cache_interval: 2 } }],
});

/** Runs a command line. @returns what it prints */
async function skipstep(...args: readonly string[]): Promise<string> {
  let printed = "";
  const write = (text: string | Uint8Array): boolean => {
    printed += String(text);
    return true;
  };
  const streams = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockImplementation(write));
  try {
    const exitCode = await run(args);
    if (exitCode !== 0) throw new Error(printed);
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
  return printed;
}

describe("skipstep", () => {
  it("generate draws a batch, whose files have no prompt to be named after", async () => {
    const out = join(folder, "images/");
    await skipstep("generate", pair, "--out", out, ...cache);
    expect(readdirSync(out).sort()).toEqual(["image-14-1.png", "image-14-2.png"]);
  });

  it("generate --prompt is told that there is none", async () => {
    await expect(skipstep("generate", plain, "--prompt", "a cat", ...cache)).rejects.toThrow(
      "prompt is not for DDPMPipeline, which takes: loras, batch_size, num_inference_steps, seed",
    );
  });

  it("recipe shows how an image of the batch was made, and by whose code", async () => {
    const text = await skipstep("recipe", join(folder, "images/image-14-2.png"));
    expect(text).toMatch(/^image +2$/m);
    expect(text).toMatch(/^settings .*batch_size 2, num_inference_steps 4, seed 14$/m);
    expect(text).toMatch(/^plugin +ddpm$/m);
    expect(text).not.toContain(folder); // the package is known by its name
  });

  it("validate says which code it loads", async () => {
    const text = await skipstep("validate", plain);
    expect(text).toMatch(/^code +skipstep-plugin-ddpm 0\.1\.0 \(.*examples\/family\/src\/index\.ts\)$/m);
  });

  it("inspect shows its model, without reading weights", async () => {
    const { className, components, plugins, scheduler, structure }: Inspection = JSON.parse(
      await skipstep("inspect", fast, "--json"),
    );
    expect(className).toBe("DDPMPipeline");
    expect(scheduler).toMatchObject({ className: "DDPMScheduler", options: { variance_type: "fixed_small" } });
    expect(structure).toMatchObject({ className: "UNet2DModel", features: ["unet"], components: ["unet"] });
    expect(components).toMatchObject([{ name: "unet", className: "UNet2DModel", parameters: 253_123 }]);
    expect(components[0]!.activationBytes).toBeGreaterThan(16 * 16 * 32 * 4);
    expect(plugins.map(({ name, regions }) => [name, regions.length])).toEqual([
      ["ddpm", 0],
      ["deepcache", 1],
    ]);
  });

  it("plugins lists the package", async () => {
    expect(await skipstep("plugins", plain)).toMatch(/skipstep-plugin-ddpm .*0\.1\.0/);
  });

  it("schema has its settings", async () => {
    const schema = JSON.parse((await skipstep("schema", folder)).replace(/^[^{]*/, "")); // behind what it loads;
    expect(schema.properties.generate.properties.batch_size).toMatchObject({ type: "integer", minimum: 1 });
  });

  it("compare draws one image a seed, of configs that ask for several, too", async () => {
    const batch = ["--set", "generate.batch_size=3"];
    const page = join(folder, "compare.html");
    const text = await skipstep("compare", plain, fast, ...batch, "--seeds", "1,2", "--out", page, "--json", ...cache);
    const { motifs, configs } = JSON.parse(text);
    expect(motifs).toEqual([1, 2].map((seed) => ({ subject: "", seed })));
    expect(configs[0].drawings).toHaveLength(2);
    expect(configs[0].mean.psnr).toBeGreaterThan(20);
    expect(readFileSync(page, "utf8").match(/<img /g)!.length).toBe(6); // and how the second config's differ
  });
});

describe("an image's recipe", () => {
  it("names the package, and makes the image again where it is installed", async () => {
    const file = join(folder, "again.png");
    await skipstep("generate", fast, "--out", file, ...cache);
    const recipe = readRecipe(readFileSync(file), file);
    expect(recipe.config.plugins.map(({ use }) => use)).toEqual(["ddpm", "deepcache"]);
    expect(recipe.config.generate).toEqual({ batch_size: 1, num_inference_steps: 12, seed: 14 });
    expect(recipe.versions).toMatchObject({ ddpm: "0.1.0" });
    const places = { cacheDir: join(folder, "cache"), folder };
    const drawn = async (config: string | OpenedRecipe): Promise<Float32Array> => {
      const pipeline = await createPipeline(config, places);
      try {
        return (await pipeline.generate()).images[0]!.values;
      } finally {
        await pipeline.close();
      }
    };
    expect(await drawn(await openRecipe(recipe, { allow: true, ...places }))).toEqual(await drawn(fast));
  });

  it("opens nowhere else", async () => {
    const file = join(folder, "again.png");
    const recipe = readRecipe(readFileSync(file), file);
    const elsewhere = join(import.meta.dirname, "../../script");
    await expect(openRecipe(recipe, { allow: true, folder: elsewhere })).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_UNKNOWN",
    });
  });
});
