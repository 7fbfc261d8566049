import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Recipe, type Report, readRecipe } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { driftWarnings } from "../src/recipe-drift";
import { pngPixels } from "./png-pixels";
import { outcomeOf, root, skipstep, skipstepJson, startSkipstep } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

interface Generated {
  readonly files: string[];
  readonly seed: number;
  readonly warnings: string[];
  readonly report: Report;
}

const folder = temporaryFolder();
const plain = path.join(root, "configs/emoji.json");
const fast = path.join(root, "configs/emoji-fast.json");
const twoSteps = ["--set", "generate.num_inference_steps=2"];

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

function recipeOf(file: string): Recipe {
  return readRecipe(readFileSync(file), file);
}

describe("generate", () => {
  it("prints file, seed, seconds and a line a plugin, and nothing of its progress where no terminal is", async () => {
    const out = inFolder("new/folder/heart.png");
    const { exitCode, stdout, stderr } = await outcomeOf(
      startSkipstep(["generate", "configs/emoji-fast.json", "--prompt", "red heart", "--out", out]),
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const [file, seed, plugin, ...rest] = stdout.split("\n");
    expect(file).toBe(out);
    expect(seed).toMatch(/^seed 42, \d+\.\d\d s$/);
    expect(plugin).toMatch(
      /^fbcache: reused 11 of 20 steps, saved -?\d+% of denoiser time \(\d+% of FLOPs skipped, \d+% realised\)$/,
    );
    expect(rest).toEqual([""]);
    expect(readdirSync(path.dirname(out))).toEqual(["heart.png"]);
  });

  it("makes an image again by its recipe, pixel by pixel", async () => {
    const out = inFolder("again.png");
    const { exitCode, document, stderr } = await skipstepJson<Generated>(
      "generate",
      "--recipe",
      inFolder("new/folder/heart.png"),
      "--trust",
      "--out",
      out,
    );
    expect({ exitCode, stderr, warnings: document.warnings }).toEqual({ exitCode: 0, stderr: "", warnings: [] });
    expect(document.report.plugins[0]!.regions[1]!.reused).toHaveLength(11);
    expect(pngPixels(out).equals(pngPixels(inFolder("new/folder/heart.png")))).toBe(true);
  });

  it("lets other options win over the recipe, and takes checkpoint and device of a config beside it", async () => {
    const out = inFolder("other.png");
    const { document } = await skipstepJson<Generated>(
      ...["generate", plain, "--recipe", inFolder("new/folder/heart.png"), "--seed", "7", ...twoSteps, "--out", out],
    );
    const { generate, plugins } = recipeOf(out).config;
    expect(document.seed).toBe(7);
    expect(generate).toMatchObject({ seed: 7, num_inference_steps: 2, prompt: ["red heart"] });
    expect(plugins.map(({ use }) => use)).toEqual(["@skipstep/plugin-fbcache"]);
    expect(pngPixels(out).equals(pngPixels(inFolder("again.png")))).toBe(false);
  });

  it("paints what a mask shows of an image anew, by options and by the recipe of that", async () => {
    const heart = inFolder("new/folder/heart.png");
    const mask = inFolder("mask.png");
    const black = Buffer.alloc(128 * 128);
    for (let row = 32; row < 96; row++) black.fill(255, row * 128 + 32, row * 128 + 96);
    await sharp(black, { raw: { width: 128, height: 128, channels: 1 } }).toFile(mask);
    const out = inFolder("inpainted.png");
    const options = ["-i", heart, "--mask", mask, "--strength", "0.5", "--prompt", "cat", "--out", out];
    expect(await skipstep("generate", plain, ...options, "--set", "generate.num_inference_steps=4")).toMatchObject({
      exitCode: 0,
      stderr: "",
    });
    expect(recipeOf(out).config.generate).toMatchObject({ strength: 0.5, mask: { name: "mask.png" } });
    expect(pngPixels(out).equals(pngPixels(heart))).toBe(false);
    const again = inFolder("inpainted-again.png");
    expect(await skipstep("generate", "--recipe", out, "--trust", "--out", again)).toMatchObject({ exitCode: 0 });
    expect(pngPixels(again).equals(pngPixels(out))).toBe(true);

    const wrong = await skipstep("generate", plain, "--mask", mask, "--strength", "half", "--prompt", "cat");
    expect(wrong).toMatchObject({ exitCode: 3, stderr: expect.stringContaining("--strength must be a number") });
    const alone = await skipstep("generate", plain, "--mask", mask, "--prompt", "cat");
    expect(alone.stderr).toMatch(/image is needed, here or in the config: the one that the mask is of/);
  });

  it("steers by ControlNets that options add to a config, and by the recipe of that", async () => {
    const heart = inFolder("new/folder/heart.png");
    const golden = path.join(root, "test/golden");
    const net = path.join(golden, "extras/controlnet-sd15/controlnet");
    const config = inFolder("sd.json");
    const generate = { prompt: "cat", height: 32, width: 32, num_inference_steps: 2, seed: 1 };
    writeFileSync(config, JSON.stringify({ model: path.join(golden, "pipelines/sd15"), generate }));
    const out = inFolder("steered.png");
    const options = ["--controlnet", net, "--control-image", heart, "--out", out];
    const made = await skipstep("generate", config, ...options);
    expect(made).toMatchObject({ exitCode: 0, stderr: "" });
    expect(made.stdout).toMatch(/^controlnet: ran at 3 of 3 steps$/m); // of PNDM's passes
    expect(recipeOf(out).config).toMatchObject({
      components: { controlnet: { name: "controlnet" } },
      generate: { control_image: { name: "heart.png" } },
    });
    const again = inFolder("steered-again.png");
    expect(await skipstep("generate", "--recipe", out, "--trust", "--out", again)).toMatchObject({ exitCode: 0 });
    expect(pngPixels(again).equals(pngPixels(out))).toBe(true);

    const two = await skipstep("generate", config, ...options, "--controlnet", net);
    expect(two.stderr).toMatch(/--control-image.*must be one for each ControlNet: controlnet, controlnet_1, found 1/);
  });

  it("reads images before anything is compiled", async () => {
    const [picture, black, broken] = ["p.png", "black.png", "broken.png"].map(inFolder) as [string, string, string];
    const png = (value: number): Promise<Buffer> =>
      sharp({ create: { width: 128, height: 128, channels: 3, background: { r: value, g: value, b: value } } })
        .png()
        .toBuffer();
    writeFileSync(picture, await png(90));
    writeFileSync(black, await png(0));
    writeFileSync(broken, (await png(90)).subarray(0, 120));
    const cache = inFolder("untouched");
    const model = path.join(root, "test/golden/pipelines/sd15");
    const [sd, klein] = ["sd.json", "klein.json"].map(inFolder) as [string, string];
    writeFileSync(sd, JSON.stringify({ model, generate: { prompt: "a", num_inference_steps: 2 } }));
    writeFileSync(klein, JSON.stringify({ model: `${model}/../flux2-klein-base`, generate: { prompt: "a" } }));
    const crop = ["--set", "generate.padding_mask_crop=3"];
    for (const [args, line] of [
      [[sd, "--image", `${picture}.no`], /^SKIPSTEP_IMAGE_UNREADABLE .*no such file/],
      [[sd, "--image", broken], /^SKIPSTEP_IMAGE_UNREADABLE .*broken\.png cannot be read/],
      [[sd, "--image", picture, "--mask", broken], /^SKIPSTEP_IMAGE_UNREADABLE .*broken\.png cannot be read/],
      [[sd, "--image", picture, "--mask", black, ...crop], /^SKIPSTEP_MASK_EMPTY .*black\.png is black all over/],
      [[klein, "--image", picture, "--image", `${broken}.no`], /^SKIPSTEP_IMAGE_UNREADABLE .*no such file/],
    ] as const) {
      const { exitCode, stdout, stderr } = await skipstep("generate", ...args, "--cache", cache);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: "" });
      expect(stderr).toMatch(line);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
    expect(existsSync(cache)).toBe(false);
  });

  it("numbers the images of a batch, and makes one of them again", async () => {
    const { document } = await skipstepJson<Generated>(
      ...["generate", plain, "--prompt", "dog", "--prompt", "house", "--negative-prompt", "red", ...twoSteps],
      ...["--out", inFolder("batch.png")],
    );
    expect(document.files).toEqual([inFolder("batch-1.png"), inFolder("batch-2.png")]);
    expect(recipeOf(document.files[1]!)).toMatchObject({
      image: 1,
      config: { generate: { prompt: ["dog", "house"] } },
    });

    await skipstep("generate", "--recipe", document.files[1]!, "--trust", "--out", inFolder("house.png"));
    expect(pngPixels(inFolder("house.png")).equals(pngPixels(document.files[1]!))).toBe(true);

    const other = ["generate", "--recipe", document.files[1]!, "--trust", "--prompt", "cat", "--out", inFolder("cats")];
    expect((await skipstepJson<Generated>(...other)).document.files).toEqual([inFolder("cats/cat-42.png")]);
  });

  it("takes emoji and Chinese, names files after the prompt, and writes previews", async () => {
    const prompt = "红心 ❤️ Herz/../x";
    const { exitCode, document } = await skipstepJson<Generated>(
      ...["generate", plain, "--prompt", prompt, "--out", inFolder("words/"), "--previews", ...twoSteps],
    );
    expect(exitCode).toBe(0);
    const file = inFolder("words/红心-herz-x-42.png");
    expect(document.files).toEqual([file]);
    expect(recipeOf(file).config.generate.prompt).toEqual([prompt]);
    expect(readdirSync(inFolder("words/红心-herz-x-42-previews"))).toEqual(["step-1.png", "step-2.png"]);
  });

  it("runs a LoRA beside the weights, by file and scale, and tells what it changed", async () => {
    const golden = path.join(root, "test/golden");
    const config = inFolder("flux.json");
    const generate = { height: 64, width: 64, num_inference_steps: 1, prompt: "red heart", seed: 1 };
    writeFileSync(config, JSON.stringify({ model: path.join(golden, "pipelines/flux"), generate }));
    const lora = path.join(golden, "extras/lora-peft-flux/lora.safetensors");
    const out = inFolder("lora.png");
    const { stdout } = await skipstep("generate", config, "--lora", `${lora}:5e-1`, "--out", out);
    expect(stdout).toMatch(/lora .*lora\.safetensors at 0\.5: 20 of 20 modules \(transformer 20\)\n/);
    expect(recipeOf(out).config.generate.loras).toMatchObject([{ path: { name: "lora.safetensors" }, scale: 0.5 }]);
    expect((await skipstep("recipe", out)).stdout).toContain("at scale 0.5, beside the weights");
  });

  it("takes an empty prompt, and warns of one that is too long", async () => {
    const empty = await skipstep("generate", plain, "--prompt", "", ...twoSteps, "--out", inFolder("empty.png"));
    expect(empty).toMatchObject({ exitCode: 0, stderr: "" });
    expect(existsSync(inFolder("empty.png"))).toBe(true);

    const long = "heart ".repeat(600);
    const cut = await skipstep("generate", plain, "--prompt", long, ...twoSteps, "--out", inFolder("long.png"));
    expect(cut.exitCode).toBe(0);
    expect(cut.stderr).toMatch(/^warning: The prompt "heart heart .* The rest was cut\.\n$/);
  });

  it("makes a plugin without effect a warning, and an error with --strict", async () => {
    const idle = ["generate", fast, "--prompt", "heart", ...twoSteps, "--set", "plugins.0.options.threshold=0"];
    const warned = await skipstep(...idle, "--out", inFolder("idle.png"));
    expect(warned.exitCode).toBe(0);
    expect(warned.stderr).toMatch(/^warning: Plugin "fbcache" had no effect/);
    const strict = await skipstep(...idle, "--strict", "--out", inFolder("strict.png"));
    expect(strict.exitCode).toBe(5);
    expect(strict.stderr).toMatch(/^SKIPSTEP_PLUGIN_NO_EFFECT .*\n$/);
    expect(existsSync(inFolder("strict.png"))).toBe(false);
  });
});

describe("--recipe with a config", () => {
  it("finds plugins from the config's folder", async () => {
    const args = ["generate", fast, "--recipe", inFolder("new/folder/heart.png"), "--out", "here.png"];
    expect(await outcomeOf(startSkipstep(args, { cwd: folder.path }))).toMatchObject({ exitCode: 0, stderr: "" });
    expect(existsSync(inFolder("here.png"))).toBe(true);
  });
});

describe("driftWarnings", () => {
  it("tells of versions and weights that are not the recipe's", () => {
    const then = { versions: { node: "20.1.0", gone: "1.0.0" }, weights: { vae: "a", transformer: "b" } } as never;
    const now = { versions: { node: "20.2.0", added: "1.0.0" }, weights: { vae: "c", transformer: "b" } } as never;
    expect(driftWarnings(then, now)).toEqual([
      "Versions differ from the recipe's: node was 20.1.0, is 20.2.0.",
      "Weights differ from the recipe's: vae.",
    ]);
    expect(driftWarnings(then, then)).toEqual([]);
  });
});
