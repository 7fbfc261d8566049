import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readRecipe, readRegularFile } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { givenConfig } from "../src/given-config";
import { settingOverrides } from "../src/setting-overrides";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const emoji = path.join(root, "models/emoji");
const fbcache = path.join(root, "plugins/fbcache");

function inFolder(name: string): string {
  return path.join(folder.path, name);
}

interface Valid {
  readonly config: { readonly model: string; readonly generate: object; readonly plugins: readonly object[] };
}

describe("givenConfig", () => {
  it("takes folders, files of weights and names on the hub for models, and all else for configs", () => {
    const cwd = process.cwd();
    expect(givenConfig("configs/emoji.json")).toMatchObject({
      input: "configs/emoji.json",
      folder: path.resolve("configs"),
    });
    expect(givenConfig("nowhere.json")).toMatchObject({ input: "nowhere.json" });
    expect(() => givenConfig("modles/emoji")).toThrow(/^modles\/emoji cannot be read: .* Give .* a model: its folder,/);
    for (const model of ["hf:owner/name@main", "some/model.safetensors", "some/model.GGUF", "old.ckpt"])
      expect(givenConfig(model)).toEqual({ name: model, input: { model, generate: {} }, folder: cwd });
    const generate = { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128 };
    expect(givenConfig(emoji)).toEqual({ name: emoji, input: { model: emoji, generate }, folder: cwd });
  });

  it("takes numbers alone from what lies beside a model: it may be a stranger's", () => {
    mkdirSync(inFolder("model"));
    writeFileSync(inFolder("model/model_index.json"), "{}");
    const generate = { height: 64, image: "/etc/passwd", prompt: "x", sigmas: [1] };
    const own = { model: "../other", plugins: ["./evil.mjs"], device: "cuda", generate };
    writeFileSync(inFolder("model/skipstep.json"), JSON.stringify(own));
    expect(givenConfig(inFolder("model")).input).toEqual({ model: inFolder("model"), generate: { height: 64 } });
  });
});

describe("a project's folder", () => {
  it("is no model: its config, which may name code, is for the user to name", async () => {
    mkdirSync(inFolder("project"));
    writeFileSync(inFolder("project/skipstep.json"), JSON.stringify({ model: emoji }));
    expect(await skipstep("validate", inFolder("project"))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(
        /^SKIPSTEP_USAGE .*project is no model\. A config lies there: .*skipstep\.json\.\n$/,
      ),
    });
  });
});

describe("a folder's own config that is none", () => {
  it("is an error in one line", async () => {
    mkdirSync(inFolder("broken"));
    writeFileSync(inFolder("broken/model_index.json"), "{}");
    writeFileSync(inFolder("broken/skipstep.json"), "{");
    expect(await skipstep("validate", inFolder("broken"))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^SKIPSTEP_CONFIG_UNREADABLE .*broken.skipstep\.json cannot be read: .*\n$/),
    });
    mkdirSync(inFolder("odd"));
    writeFileSync(inFolder("odd/model_index.json"), "{}");
    writeFileSync(inFolder("odd/skipstep.json"), "[]");
    expect(givenConfig(inFolder("odd")).input).toEqual({ model: inFolder("odd"), generate: {} });
  });
});

describe("settingOverrides", () => {
  it("reads plugins with options, in which commas and colons may stand", () => {
    const plugin = ["fbcache", "./a:b", "C:/x/p:threshold=0.1,rule=diffusers", "p:codebook=[[1,2],[3,4]],a=x:y"];
    expect(settingOverrides({ plugin })[0]).toMatchObject({
      path: ["plugins"],
      value: [
        { use: "fbcache", options: {} },
        { use: "./a:b", options: {} },
        { use: "C:/x/p", options: { threshold: 0.1, rule: "diffusers" } },
        {
          use: "p",
          options: {
            codebook: [
              [1, 2],
              [3, 4],
            ],
            a: "x:y",
          },
        },
      ],
    });
  });
});

describe("flags", () => {
  it("say what configs say, in every command that reads one", async () => {
    const flags = ["--steps", "3", "-W", "64", "--height", "96", "--guidance", "1.5", "--strength", "0.5"];
    const given = [...flags, "--plugin", `${fbcache}:threshold=0.3`, "--set", "plugins.0.options.warmup_steps=1"];
    const { document, exitCode } = await skipstepJson<Valid>(
      ...["validate", emoji, ...given, "--image", inFolder("a.png"), "--dtype", "float16", "--memory", "component"],
    );
    expect(exitCode).toBe(0);
    expect(document.config).toMatchObject({
      model: emoji,
      dtype: "float16",
      memory: "component",
      generate: {
        num_inference_steps: 3,
        width: 64,
        height: 96,
        guidance_scale: 1.5,
        strength: 0.5,
        image: inFolder("a.png"),
      },
      plugins: [{ use: fbcache, options: { threshold: 0.3, warmup_steps: 1 } }],
    });
    const inspected = await skipstep("inspect", emoji, "--scheduler", "UniPCMultistepScheduler", "--cfg-scale", "0");
    expect(inspected.stdout).toMatch(/^scheduler +UniPCMultistepScheduler/m);
  });

  it.each([
    [["--steps", "x"], /^SKIPSTEP_CONFIG_INVALID --steps must be an integer, found "x"/],
    [["--width", "100"], /^SKIPSTEP_CONFIG_INVALID --width must be a multiple of 16/],
    [["--guidance", "-1"], /^SKIPSTEP_CONFIG_INVALID --guidance must be >= 0/],
    [["--true-cfg-scale", "2"], /^SKIPSTEP_CONFIG_INVALID --true-guidance .*is not for ZImagePipeline/],
    [["--scheduler", "NoScheduler"], /^SKIPSTEP_.* --scheduler/],
    [["--dtype", "int3"], /^SKIPSTEP_CONFIG_INVALID --dtype must be .*found "int3"/],
    [["--plugin", "fbcach"], /^SKIPSTEP_PLUGIN_UNKNOWN --plugin.*Did you mean "fbcache"\?\n$/],
    [["--plugin", `${fbcache}:treshold=1`], /^SKIPSTEP_CONFIG_INVALID --plugin.*has no "treshold"/],
  ])("are named where they are wrong: %j", async (args, line) => {
    const { exitCode, stderr } = await skipstep(
      "generate",
      emoji,
      "-p",
      "x",
      ...args,
      "--cache",
      inFolder("untouched"),
    );
    expect(exitCode).toBeGreaterThan(1);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(readdirSync(folder.path)).not.toContain("untouched");
  });

  it("are of one meaning in the help of all commands", async () => {
    for (const command of ["generate", "compare", "tune", "calibrate", "validate", "inspect", "quantize", "serve"]) {
      const { stdout } = await skipstep(command, "--help");
      for (const flag of ["--steps <number>", "--width <pixels>", "--guidance <number>", "--device <name>"])
        expect(stdout, command).toContain(flag);
      expect(stdout).not.toContain("--cfg-scale");
    }
  });
});

describe("a model without a config", () => {
  it("is drawn with, as PNG, JPEG and WebP, whose recipes make the image again", async () => {
    const two = ["--steps", "2"];
    const batch = ["-p", "red heart", "-p", "cat", "--seed", "42"];
    const { document } = await skipstepJson<{ files: string[] }>(
      ...["generate", emoji, ...batch, ...two, "--out", inFolder("all/")],
    );
    expect(document.files.map((file) => path.basename(file))).toEqual(["red-heart-42.png", "cat-42.png"]);
    const [png] = document.files as [string];
    expect(await sharp(png).metadata()).toMatchObject({ width: 128, height: 128 });
    const plain = await sharp(png).raw().toBuffer();
    const [jpeg, webp] = [inFolder("a.jpg"), inFolder("bare.webp")];
    for (const [from, out, format, more] of [
      [png, jpeg, "jpeg", ["--quality", "95"]],
      [jpeg, webp, "webp", ["--no-recipe"]],
    ] as const) {
      const again = await skipstep("generate", "--recipe", from, "--trust", "--out", out, ...more);
      expect(again).toMatchObject({ exitCode: 0, stderr: "" });
      const pixels = await sharp(out).raw().toBuffer();
      expect((await sharp(out).metadata()).format).toBe(format);
      expect(pixels.reduce((sum, byte, i) => sum + Math.abs(byte - plain[i]!), 0) / pixels.length).toBeLessThan(4);
    }
    expect(readRecipe(readRegularFile(jpeg), jpeg)).toEqual(readRecipe(readRegularFile(png), png));
    expect((await skipstep("recipe", jpeg)).stdout).toMatch(/^prompt +red heart$/m);
    expect((await skipstep("recipe", webp)).stderr).toMatch(/carries no recipe/);
  });

  it("draws classes, and names files after them", async () => {
    const dit = path.join(root, "test/golden/pipelines/dit");
    const { document } = await skipstepJson<{ files: string[] }>(
      ...[
        "generate",
        dit,
        "--class",
        "3",
        "--class",
        "5",
        "--steps",
        "2",
        "--seed",
        "1",
        "--out",
        inFolder("classes/"),
      ],
    );
    expect(document.files.map((file) => path.basename(file))).toEqual(["class-3-1.png", "class-5-1.png"]);
  });

  it("fails with --strict before anything is compiled, where it is known that a plugin does nothing", async () => {
    for (const plugin of [`${fbcache}:threshold=0`, `${root}plugins/xformers:attention_backend=native`]) {
      const args = ["generate", emoji, "-p", "x", "--strict", "--plugin", plugin, "--cache", inFolder("strict-cache")];
      const { exitCode, stdout, stderr } = await skipstep(...args, "--out", inFolder("strict.png"));
      expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: "" });
      expect(stderr).toMatch(/^SKIPSTEP_PLUGIN_NO_EFFECT .*had no effect/);
      expect(readdirSync(folder.path).filter((name) => name.startsWith("strict"))).toEqual([]);
    }
    const valid = await skipstep("validate", emoji, "--strict", "--plugin", `${fbcache}:threshold=0`);
    expect(valid).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("SKIPSTEP_PLUGIN_NO_EFFECT --plugin") });
  });
});
