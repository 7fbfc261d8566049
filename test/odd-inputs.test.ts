import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, inspectConfig, readRecipe, SkipstepError, validateConfig } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { addText } from "../packages/cli/test/png-text";
import { temporaryFolder } from "./emoji";
import { copyPipeline } from "./fuzz/seeds";

const folder = temporaryFolder();
const model = copyPipeline("sd35-no-t5", folder);
const generate = { num_inference_steps: 1, height: 64, width: 64, seed: 1, prompt: "a cat" };
const deep = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

/** The error that something ends with, which must be one of ours, on one line. */
async function failure(work: () => unknown): Promise<SkipstepError> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof SkipstepError)) throw error;
    expect(error.message).toMatch(/^[^\p{Cc}\p{Zl}\p{Zp}]{1,2100}$/u);
    return error;
  }
  throw new Error("it did not fail");
}

const check = (config: unknown): Promise<unknown> => validateConfig({ model, generate, ...(config as ConfigInput) });

/** A copy of the model in which one file says something else; `text` is what it says then. */
async function withFile(name: string, change: (text: string) => string, work: () => unknown): Promise<unknown> {
  const file = join(model, name);
  const before = readFileSync(file, "utf8");
  writeFileSync(file, change(before));
  try {
    return await work();
  } finally {
    writeFileSync(file, before);
  }
}

const setting =
  (key: string, json: string) =>
  (text: string): string =>
    JSON.stringify({ ...JSON.parse(text), [key]: "HERE" }).replace('"HERE"', () => json);

describe("a config", () => {
  it.each<[string, unknown, string]>([
    ["a scheduler's type that is a number", { scheduler: { type: 3 } }, "SKIPSTEP_CONFIG_INVALID"],
    ["a component that is a device", { components: { vae: "/dev/null" } }, "SKIPSTEP_COMPONENT_MISSING"],
    [
      "a component whose path is too long",
      { components: { vae: `/${"x".repeat(5000)}` } },
      "SKIPSTEP_COMPONENT_MISSING",
    ],
    ["a zero byte in a plugin's name", { plugins: [{ use: "a\0b" }] }, "SKIPSTEP_PLUGIN_REFUSED"],
    ["a zero byte in a plugin's path", { plugins: [{ use: "./a\0b" }] }, "SKIPSTEP_PLUGIN_UNKNOWN"],
    ["a plugin's address that is none", { plugins: [{ use: "file:%zz" }] }, "SKIPSTEP_PLUGIN_REFUSED"],
    ["a plugin's name of 100,000 letters", { plugins: [{ use: "x".repeat(100_000) }] }, "SKIPSTEP_PLUGIN_REFUSED"],
    ["a zero byte in a component's name", { components: { "a\0b": "." } }, "SKIPSTEP_COMPONENT_MISSING"],
    ["a zero byte in a component's path", { components: { vae: "a\0b" } }, "SKIPSTEP_COMPONENT_MISSING"],
    ["a zero byte in a model's path", { model: "a\0b" }, "SKIPSTEP_CHECKPOINT_MISSING"],
    ["a zero byte in a LoRA's path", { lora: ["a\0b.safetensors"] }, "SKIPSTEP_LORA_MISSING"],
    ["a bigint", { generate: { ...generate, seed: 7n } }, "SKIPSTEP_CONFIG_INVALID"],
    ["plugins that are null", { plugins: [null] }, "SKIPSTEP_CONFIG_INVALID"],
    ["a value nested 3000 deep", { scheduler: JSON.parse(`{"a":${deep(3000)}}`) }, "SKIPSTEP_CONFIG_INVALID"],
  ])("with %s is refused", async (_, config, code) => {
    expect((await failure(() => check(config))).code).toBe(code);
  });

  it("that holds itself is refused", async () => {
    const config: Record<string, unknown> = { model, generate };
    config.scheduler = config;
    expect((await failure(() => check(config))).code).toBe("SKIPSTEP_CONFIG_INVALID");
  });
});

describe("a checkpoint", () => {
  it.each<[string, string, (text: string) => string, string]>([
    [
      "a component called ..",
      "model_index.json",
      setting("..", '["diffusers", "AutoencoderKL"]'),
      "CHECKPOINT_INVALID",
    ],
    ["a component config nested 3000 deep", "vae/config.json", setting("act_fn", deep(3000)), "CHECKPOINT_INVALID"],
    ["a component config that is a list", "vae/config.json", () => "[]", "CHECKPOINT_INVALID"],
    ["a class that is no text", "model_index.json", setting("_class_name", "{}"), "CHECKPOINT_INVALID"],
    [
      "a scheduler option of another type",
      "scheduler/scheduler_config.json",
      setting("shift", '{"a": []}'),
      "SCHEDULER_OPTION_INVALID",
    ],
    [
      "100,000 levels of a VAE",
      "vae/config.json",
      setting("block_out_channels", `[${"64,".repeat(99_999)}64]`),
      "MODEL_OPTION",
    ],
    [
      "layers by the thousand million",
      "text_encoder/config.json",
      setting("num_hidden_layers", "4294967296"),
      "MODEL_OPTION",
    ],
  ])("with %s is refused", async (_, file, change, code) => {
    const error = (await withFile(file, change, () =>
      failure(async () => inspectConfig(await validateConfig({ model, generate }))),
    )) as SkipstepError;
    expect(error.code).toBe(`SKIPSTEP_${code}`);
  });
});

describe("a recipe", () => {
  const recipe = {
    recipe: 1,
    config: { model, device: "cpu", generate: { prompt: ["a cat"] }, guidance: "batch", plugins: [], strict: false },
    image: 0,
    versions: {},
    weights: {},
    plugins: [],
  };
  const withText = async (text: string): Promise<Uint8Array> => {
    const image = sharp({ create: { width: 2, height: 2, channels: 3, background: "red" } });
    return addText(await image.png().toBuffer(), { skipstep: text });
  };

  it.each<[string, object]>([
    ["plugins that are null", { plugins: [null] }],
    ["plugins of the config that are null", { config: { ...recipe.config, plugins: [null] } }],
    ["a prompt that is no text", { config: { ...recipe.config, generate: { prompt: [3] } } }],
    ["an image before the first", { image: -1 }],
    ["a number in place of what is missing", { missing: 3 }],
    ["versions that are numbers", { versions: { node: 20 } }],
    ["steps that are no list", { plugins: [{ name: "a", regions: [{ name: "b", reused: 3 }] }] }],
  ])("with %s is none", async (_, change) => {
    const png = await withText(JSON.stringify({ ...recipe, ...change }));
    const { code, message } = await failure(() => readRecipe(png, "a.png"));
    expect(code).toBe("SKIPSTEP_RECIPE_MISSING");
    expect(message).toMatch(/carries a recipe that this version does not read\. Its \/\w+.* (must|has)/);
  });

  it("nested 3000 deep is none", async () => {
    const png = await withText(`{"recipe":1,"config":${deep(3000)}}`);
    expect((await failure(() => readRecipe(png, "a.png"))).code).toBe("SKIPSTEP_RECIPE_MISSING");
  });
});
