import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { withHeader } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  estimateMemory,
  openRecipe,
  planImages,
  validateConfig,
} from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { typescript } from "./built/packages";
import { emojiConfig, temporaryFolder } from "./emoji";

const root = temporaryFolder();
const cacheDir = join(root, "cache");
const emoji = join(import.meta.dirname, "../models/emoji");
const prompt = "a cat";

/** `code: message` of what a promise fails with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "it did not fail",
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
}

const validate = (generate: object, more: Partial<ConfigInput> = {}): Promise<unknown> =>
  validateConfig(emojiConfig({ generate: { prompt, ...generate }, ...more }));

describe("settings above the limits", () => {
  it.each([
    ["steps", { num_inference_steps: 150_000 }, "num_inference_steps must be at most 1000, found 150000 steps."],
    ["steps", { num_inference_steps: 1e9 }, "num_inference_steps must be at most 1000, found 1000000000 steps."],
    [
      "a list of them",
      { num_inference_steps: undefined, sigmas: Array(5000).fill(0.5) },
      "sigmas must be at most 1000",
    ],
    ["images", { num_images_per_prompt: 1e9 }, "num_images_per_prompt must be at most 256, found 1000000000 images"],
    ["images without a prompt", { prompt: undefined, num_images_per_prompt: 1e9 }, "must be at most 256"],
    ["prompts", { prompt: Array(300).fill("a") }, "at most 256, found 300 images, which would take about 2.5 GB."],
    ["sides", { height: 65_536, width: 65_536 }, "height must be at most 8192, found 65536, which would take about"],
    ["tokens", { max_sequence_length: 1e9 }, "max_sequence_length must be at most 4096, found 1000000000."],
  ])("%s are told by validate, with what would raise them", async (_, generate, text) => {
    const message = await failure(validate(generate));
    expect(message).toMatch(/^SKIPSTEP_CONFIG_INVALID: config#\/generate\//);
    expect(message).toContain(text);
    expect(message).toMatch(/"limits": \{ "\w+": \.\.\. \} in the config allows more\.$/);
  });

  it("are the config's, and these have bounds of their own", async () => {
    await validate({ num_inference_steps: 150_000 }, { limits: { num_inference_steps: 150_000 } });
    await validate({ num_images_per_prompt: 300 }, { limits: { images: 300 } });
    const message = await failure(validate({}, { limits: { images: 1e9, side: 0 } as never }));
    expect(message).toContain("config#/limits/images must be an integer from 1 to 100000, found 1000000000.");
    expect(message).toContain("config#/limits/side must be an integer from 1 to 65536, found 0.");
  });

  it("are refused by an open pipeline before anything is drawn, and left out of recipes", async () => {
    const limits = { num_inference_steps: 2 };
    const machine = { limits, provider_options: { cuda: { deviceId: 1 } } };
    const pipeline = await createPipeline(emojiConfig({ ...machine, generate: { num_inference_steps: 2, prompt } }), {
      cacheDir,
      threads: 1,
    });
    try {
      for (const [request, text] of [
        [{ num_inference_steps: 3 }, "num_inference_steps must be at most 2, found 3 steps"],
        [{ num_images_per_prompt: 1e9 }, "num_images_per_prompt must be at most 256"],
        [{ width: 2 ** 40 }, "width must be at most 8192"],
      ] as const)
        expect(await failure(pipeline.generate(request))).toMatch(new RegExp(`^SKIPSTEP_REQUEST_INVALID: .*${text}`));
      const { recipe } = await pipeline.generate();
      const stranger = { ...recipe, config: { ...recipe.config, ...machine, limits: { side: 60_000 } } };
      const opened = await openRecipe(stranger, { allow: true, cacheDir });
      for (const key of Object.keys(machine))
        for (const config of [recipe.config, opened.config]) expect(config).not.toHaveProperty(key);
    } finally {
      await pipeline.close();
    }
  });
});

it("threads have a limit, too", async () => {
  for (const threads of [0, 1.5, 1e9])
    expect(await failure(createPipeline(emojiConfig(), { cacheDir, threads }))).toBe(
      `SKIPSTEP_REQUEST_THREADS: threads must be an integer from 1 to 1024, found ${threads}. Leave it out for all cores.`,
    );
});

describe("memory", () => {
  it("is estimated from the configs: the images, and the largest activations of a component", async () => {
    const small = await validateConfig(emojiConfig({ generate: { prompt } }));
    const many = await validateConfig(emojiConfig({ generate: { prompt, num_images_per_prompt: 4 } }));
    // 128 x 128 pixels of three colours: decoded, joined, as values and as bytes.
    expect(estimateMemory(many) - estimateMemory(small)).toBeGreaterThanOrEqual(3 * 128 * 128 * 39);
    expect(estimateMemory(small)).toBeGreaterThan(768 * 128 * 128); // the decoder's, see compiler/memory-estimate
    expect(planImages(many).count).toBe(4);
  });

  it("has a limit: this machine's memory on a CPU, or the config's", async () => {
    const generate = { height: 1024, width: 1024, num_images_per_prompt: 8 };
    expect(await failure(validate(generate, { limits: { memory_gb: 0.5 } }))).toMatch(
      /height and width 1024 x 1024 with 8 images take about \d\.\d GB besides the weights, and limits\.memory_gb is 0\.5 GB\. /,
    );
    await validate(generate, { limits: { memory_gb: 100 } });
    const images = Math.ceil(totalmem() / (1024 * 1024 * 39)) + 1;
    if (images > 100_000) return; // a machine that nothing here fills
    expect(await failure(validate({ ...generate, num_images_per_prompt: images }, { limits: { images } }))).toContain(
      "besides the weights, and this machine has",
    );
  });
});

/** A copy of the emoji model with one file changed. @returns path of a config for it */
function broken(name: string, file: string, content: (old: Buffer) => string | Uint8Array): string {
  const model = join(root, name);
  cpSync(emoji, model, { recursive: true });
  const path = join(model, file);
  const changed = content(readFileSync(path));
  rmSync(path);
  writeFileSync(path, changed);
  return configFor(name, model);
}

function configFor(name: string, model: string, generate: object = {}): string {
  mkdirSync(root, { recursive: true });
  const path = join(root, `${name}.json`);
  writeFileSync(path, JSON.stringify({ model, generate: { prompt, ...generate } }));
  return path;
}

const edited = (change: object) => (old: Buffer) => JSON.stringify({ ...JSON.parse(old.toString()), ...change });
const header = (json: string): Buffer => withHeader(json, Buffer.alloc(0));
const weights = "transformer/diffusion_pytorch_model.safetensors";
const levels = Array<number>(100_000).fill(64);

/** What is refused, and by which code. */
const hostile: readonly (readonly [code: string, config: () => string])[] = [
  ["CONFIG_INVALID", () => configFor("steps", emoji, { num_inference_steps: 150_000 })],
  ["CONFIG_INVALID", () => configFor("more-steps", emoji, { num_inference_steps: 1e9 })],
  ["CONFIG_INVALID", () => configFor("batch", emoji, { num_images_per_prompt: 1e9 })],
  ["CONFIG_INVALID", () => configFor("size", emoji, { height: 65_536, width: 65_536 })],
  ["MODEL_OPTION", () => broken("layers", "transformer/config.json", edited({ n_layers: 1e8 }))],
  ["MODEL_OPTION", () => broken("more-layers", "transformer/config.json", edited({ n_layers: 4294967296 }))],
  ["TENSOR_MISSING", () => broken("claimed-blocks", "transformer/config.json", edited({ n_layers: 900 }))],
  ["TENSOR_MISSING", () => broken("claimed-layers", "text_encoder/config.json", edited({ num_hidden_layers: 900 }))],
  ["MODEL_OPTION", () => broken("width", "transformer/config.json", edited({ dim: 1e12 }))],
  ["MODEL_OPTION", () => broken("levels", "vae/config.json", edited({ decoder_block_out_channels: levels }))],
  [
    "SCHEDULER_OPTION_INVALID",
    () => broken("training", "scheduler/scheduler_config.json", edited({ num_train_timesteps: 1e9 })),
  ],
  ["CHECKPOINT_INVALID", () => broken("nested", "vae/config.json", () => "[".repeat(3_000_000))],
  ["WEIGHTS_INVALID", () => broken("deep-header", weights, () => header('{"a":'.repeat(1_000_000)))],
  ["WEIGHTS_INVALID", () => broken("wide-header", weights, () => header(`{"a":[${"[],".repeat(5_000_000)}1]}`))],
  ["WEIGHTS_TRUNCATED", () => broken("long-header", weights, () => header('{"a":1}').fill(0x05, 3, 4))],
];

describe("a process that is given what nobody should", () => {
  it("refuses each within some seconds of processor time, and stays below 400 MB", () => {
    const list = join(root, "list.json");
    // The first one pays for modules that are loaded late.
    writeFileSync(
      list,
      JSON.stringify([configFor("warm", emoji, { seed: -1 }), ...hostile.map(([, config]) => config())]),
    );
    const child = join(import.meta.dirname, "limits-child.ts");
    const args = [...typescript, child, list, cacheDir];
    const { found, megabytes } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as {
      found: { code: string; message: string; seconds: number }[];
      megabytes: number;
    };
    expect(found.slice(1).map(({ code }) => code)).toEqual(hostile.map(([code]) => `SKIPSTEP_${code}`));
    expect(found.slice(1).filter(({ seconds }) => seconds > 3)).toEqual([]);
    expect(megabytes).toBeLessThan(400); // 250 to 310, as the collector comes to it
  });
});
