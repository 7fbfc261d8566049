import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors, safetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  estimateMemory,
  type GenerateResult,
  inspectConfig,
  openRecipe,
  type Pipeline,
  validateConfig,
} from "@skipstep/core";
import { Bnb } from "@skipstep/plugin-bnb";
import { CacheDit } from "@skipstep/plugin-cache-dit";
import { Gguf } from "@skipstep/plugin-gguf";
import { SvdQuant } from "@skipstep/plugin-svdquant";
import { afterAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";
import { writeGguf } from "./write-gguf";

const root = temporaryFolder();
const cacheDir = join(root, "engines");
const golden = join(import.meta.dirname, "golden");
const extra = (name: string): string => join(golden, "extras", name, "lora.safetensors");
const aCase = (name: string): string => join(import.meta.dirname, "lora-cases", name);
const size = { height: 64, width: 64, num_inference_steps: 1, seed: 1, prompt: "red heart" };

/** Largest difference of the finished latents, of their largest value. */
function apart(a: GenerateResult, b: GenerateResult): number {
  const most = a.latents.data.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return a.latents.data.reduce((max, value, i) => Math.max(max, Math.abs(value - b.latents.data[i]!)), 0) / most;
}

function engines(): readonly string[] {
  return readdirSync(join(cacheDir, "engines")).sort();
}

const open: Pipeline[] = [];
afterAll(() => Promise.all(open.map((pipeline) => pipeline.close())));

async function opened(config: ConfigInput): Promise<Pipeline> {
  const pipeline = await createPipeline(config, { cacheDir });
  open.push(pipeline);
  return pipeline;
}

const pipelines = new Map<string, Promise<Pipeline>>();

/** One pipeline a model, which all cases draw with. */
function plainOf(name: string): Promise<Pipeline> {
  const known = pipelines.get(name) ?? opened({ model: join(golden, "pipelines", name), generate: size });
  pipelines.set(name, known);
  return known;
}

/** Draws with a LoRA merged when the model is opened. */
async function merged(config: ConfigInput): Promise<GenerateResult> {
  const pipeline = await createPipeline(config, { cacheDir });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** Writes a LoRA's tensors under other names, or others. */
function rewritten(
  path: string,
  name: string,
  change: (
    name: string,
    tensor: { dtype: string; shape: readonly number[]; data: Float32Array },
  ) => unknown[] | undefined,
): string {
  const tensors = [...readSafetensors(path)].flatMap(([key, { dtype, shape, data }]) => {
    const [as, values, form] = change(key, { dtype, shape, data: data as Float32Array }) ?? [];
    return as === undefined ? [] : [[as, { dtype, shape: form ?? shape, bytes: values ?? data }]];
  });
  const file = join(root, name);
  writeFileSync(file, safetensors(Object.fromEntries(tensors)));
  return file;
}

async function ggufFile(): Promise<string> {
  const file = join(root, "transformer.gguf");
  await writeGguf(join(golden, "pipelines/z-image"), file);
  return file;
}

const kohya = extra("lora-kohya-sd15");

describe("a LoRA at a request draws as one that is merged", () => {
  it.each([
    ["sd15", kohya, "kohya's names"],
    ["sd15", extra("lora-conv-sd15"), "convolutions"],
    ["sd15", extra("lora-loha-tucker-sd15"), "LoHa, as a product of rank r * r"],
    ["sd15", extra("lora-lokr-sd15"), "LoKr, as a product"],
    ["flux", extra("lora-peft-flux"), "PEFT's names"],
    ["flux", extra("lora-xlabs-flux"), "XLabs's"],
    ["flux", extra("lora-onetrainer-flux"), "OneTrainer's"],
    ["flux", join(aCase("alpha-pattern-regex"), "alternatives"), "alphas by pattern"],
    ["z-image", extra("lora-kohya-z-image"), "kohya's names"],
    ["z-image", join(aCase("zimage-lora-twice"), "both.safetensors"), "fused and split rows"],
    ["sd3", join(aCase("sd3-kohya-lora"), "kohya.safetensors"), "fused rows of sd-scripts"],
    ["sdxl", join(aCase("sdxl-text-encoder-lora-names"), "text-encoders.safetensors"), "text encoders"],
  ])("%s: %s", async (name, path) => {
    const pipeline = await plainOf(name);
    const beside = await pipeline.generate({ loras: [{ path, scale: 0.8 }] });
    const expected = await merged({ model: pipeline.config.model, generate: size, lora: [{ path, scale: 0.8 }] });
    expect(apart(expected, beside)).toBeLessThan(1e-5);
    const [report] = beside.report.loras!;
    const count = Object.values(report!.matched).reduce((sum, part) => sum + part, 0);
    expect(count).toBeGreaterThan(0);
    expect(report).toMatchObject({ scale: 0.8, modules: count });
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(1e-4);
  });

  it("sdxl: text encoders that run another function, for weighted prompts in chunks", async () => {
    const path = join(aCase("sdxl-text-encoder-lora-names"), "text-encoders.safetensors");
    const prompt = `a "red heart"0.6, ${"and clouds ".repeat(50)}`;
    const settings = { prompt, prompt_weighting: "compel", long_prompts: "chunks" };
    const pipeline = await plainOf("sdxl");
    const beside = await pipeline.generate({ ...settings, loras: [path] });
    const generate = { ...size, ...settings };
    const expected = await merged({ model: pipeline.config.model, generate, lora: [path] });
    expect(apart(expected, beside)).toBeLessThan(1e-5);
  });

  it("several at once, beside one that is merged", async () => {
    const [one, other] = [extra("lora-conv-sd15"), extra("lora-loha-tucker-sd15")];
    const base = { model: join(golden, "pipelines/sd15"), generate: size };
    const pipeline = await opened({ ...base, lora: [kohya] });
    const beside = await pipeline.generate({ loras: [one, { path: other, scale: -0.5 }] });
    expect(apart(await merged({ ...base, lora: [kohya, one, { path: other, scale: -0.5 }] }), beside)).toBeLessThan(
      1e-5,
    );
    expect(beside.report.loras!.map(({ scale }) => scale)).toEqual([1, -0.5]);
  });
});

describe("an engine with branches", () => {
  it("is compiled once for all files and scales, and shares the weights", async () => {
    const pipeline = await plainOf("flux");
    await pipeline.generate({ loras: [extra("lora-peft-flux")] });
    const before = engines();
    await pipeline.generate({ loras: [{ path: extra("lora-peft-flux"), scale: 0.3 }, extra("lora-xlabs-flux")] });
    await pipeline.generate({ loras: [{ path: extra("lora-onetrainer-flux"), scale: -1 }] });
    expect(engines()).toEqual(before);
    const inodes = engines().map((key) => statSync(join(cacheDir, "engines", key, "weights.bin")));
    const shared = inodes.filter(({ nlink }) => nlink >= 2);
    expect(shared.length).toBeGreaterThanOrEqual(2);
  });

  it("is not run without a LoRA, nor at scale 0", async () => {
    const pipeline = await plainOf("flux");
    const plain = await pipeline.generate();
    expect(apart(plain, await pipeline.generate({ loras: [{ path: extra("lora-peft-flux"), scale: 0 }] }))).toBe(0);
    expect(apart(plain, await pipeline.generate({ loras: [] }))).toBe(0);
    expect(plain.report.loras).toBeUndefined();
  });

  it("is compiled when the pipeline is opened where the config names LoRAs, which are then the only ones", async () => {
    const own = join(root, "own-engines");
    const names = { cat: kohya, conv: extra("lora-conv-sd15") };
    const pipeline = await createPipeline(
      { model: join(golden, "pipelines/sd15"), generate: size, request_loras: names },
      { cacheDir: own },
    );
    try {
      const before = readdirSync(join(own, "engines"));
      const { report, recipe } = await pipeline.generate({ loras: ["cat", { name: "conv", scale: 0.5 }] });
      expect(readdirSync(join(own, "engines"))).toEqual(before);
      expect(report.loras!.map(({ name }) => name)).toEqual(["cat", "conv"]);
      expect(JSON.stringify(recipe)).not.toContain(root);
      for (const loras of [["dog"], [{ path: extra("lora-lokr-sd15") }]])
        await expect(pipeline.generate({ loras })).rejects.toMatchObject({
          code: "SKIPSTEP_REQUEST_INVALID",
          message: expect.stringContaining("It allows: cat, conv"),
        });
    } finally {
      await pipeline.close();
    }
  });
});

describe("beside packed weights and at plugins' regions", () => {
  const model = join(golden, "pipelines/z-image");
  const lora = extra("lora-kohya-z-image");

  // A weight that a merged LoRA changes is float32, of the very numbers that were packed: so the two are to be equal,
  // as far as a kernel is exact. bnb's own keeps bfloat16 scales.
  it.each([
    ["bnb", () => join(golden, "extras/bnb-z-image"), Bnb, 3e-3],
    ["gguf", ggufFile, Gguf, 1e-5],
  ])("%s", async (_, file, use, tolerance) => {
    const config = { model, components: { transformer: await file() }, generate: size, plugins: [{ use }] };
    const pipeline = await opened(config);
    const beside = await pipeline.generate({ loras: [lora] });
    expect(apart(await merged({ ...config, lora: [lora] }), beside)).toBeLessThan(tolerance);
    expect(beside.report.plugins[0]!.build.weights).toBeGreaterThan(10);
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(0.05);
  });

  // With a rank as large as the weights, SVDQuant's own branch leaves nothing to be rounded.
  it.each([
    [
      "svdquant",
      {
        use: SvdQuant,
        options: {
          rank: 63,
          skip: ["noise_refiner", "context_refiner", "layers.1", "layers.2", "layers.3", "layers.4"],
        },
      },
      0.05,
    ],
    ["bnb in 8 bits", { use: Bnb, options: { load_in_8bit: true } }, 0.05],
  ])("%s", async (_, plugin, tolerance) => {
    const pipeline = await opened({ model, generate: size, plugins: [plugin] });
    const plain = await pipeline.generate();
    const beside = await pipeline.generate({ loras: [lora] });
    const exact = await (await plainOf("z-image")).generate({ loras: [lora] });
    expect(apart(exact, beside)).toBeLessThan(tolerance);
    expect(apart(plain, beside)).toBeGreaterThan(2 * tolerance);
    expect(beside.report.plugins[0]!.build).toEqual(plain.report.plugins[0]!.build);
  });

  it("cache-dit", async () => {
    const generate = { ...size, num_inference_steps: 6 };
    const plugins = [
      { use: CacheDit, options: { Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 10 } },
    ];
    const pipeline = await opened({ model, generate, plugins });
    const beside = await pipeline.generate({ loras: [lora] });
    const expected = await merged({ model, generate, plugins, lora: [lora] });
    expect(beside.report.plugins[0]!.regions.some(({ reused }) => reused.length > 0)).toBe(true);
    expect(beside.report.plugins[0]!.regions.map(({ reused }) => reused)).toEqual(
      expected.report.plugins[0]!.regions.map(({ reused }) => reused),
    );
    expect(apart(expected, beside)).toBeLessThan(1e-5);
  });
});

describe("a request is refused before anything runs", () => {
  const refused = async (loras: unknown, code: string, message = ""): Promise<void> => {
    const pipeline = await plainOf("sd15");
    const events: string[] = [];
    const call = pipeline.generate({ loras: loras as [], onProgress: ({ kind }) => void events.push(kind) });
    await expect(call).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    expect(events).toEqual([]);
  };

  it("for a LoRA of another family, of other sizes, or that is not whole", async () => {
    await refused([extra("lora-peft-flux")], "SKIPSTEP_LORA_UNFIT");
    const wide = rewritten(kohya, "wide.safetensors", (name, { shape, data }) =>
      name.endsWith("lora_down.weight") && shape.length === 2
        ? [name, new Float32Array(shape[0]! * (shape[1]! + 1)), [shape[0]!, shape[1]! + 1]]
        : [name, data],
    );
    await refused([wide], "SKIPSTEP_LORA_SHAPE");
    const nan = rewritten(kohya, "nan.safetensors", (name, { data }) => [name, data.map(() => NaN)]);
    await refused([nan], "SKIPSTEP_LORA_INVALID");
    const cut = join(root, "cut.safetensors");
    writeFileSync(cut, readFileSync(kohya).subarray(0, 20_000));
    await refused([cut], "SKIPSTEP_WEIGHTS_TRUNCATED");
    await refused([join(root, "none.safetensors")], "SKIPSTEP_LORA_MISSING");
  });

  it("for what is no product beside a linear or convolution, by name", async () => {
    await refused([extra("lora-dora-sd15")], "SKIPSTEP_LORA_BESIDE", "lora_magnitude_vector");
    const norm = join(root, "norm.safetensors");
    const bytes = new Float32Array(16);
    writeFileSync(norm, safetensors({ "unet.conv_norm_out.w_norm": { dtype: "float32", shape: [16], bytes } }));
    await refused([norm], "SKIPSTEP_LORA_BESIDE", "conv_norm_out");
  });

  it("for too many, one twice, too large a rank, and what is no LoRA at all", async () => {
    await refused(new Array(100).fill(kohya), "SKIPSTEP_REQUEST_INVALID", "at most 16, found 100");
    await refused(new Array(101).fill(kohya), "SKIPSTEP_REQUEST_INVALID", "loras");
    await refused([kohya, { path: kohya, scale: 0.5 }], "SKIPSTEP_REQUEST_INVALID", "twice");
    await refused([{ path: kohya, scale: Number.NaN }], "SKIPSTEP_REQUEST_INVALID", "scale");
    await refused([{ scale: 1 }], "SKIPSTEP_REQUEST_INVALID", 'needs a "path"');
    await refused([{ name: "cat" }], "SKIPSTEP_REQUEST_INVALID", "request_loras");
    await refused("cat", "SKIPSTEP_REQUEST_INVALID", "loras");
    const large = rewritten(kohya, "large.safetensors", (name, { shape, data }) => {
      if (shape.length < 2) return [name, data];
      const isDown = name.endsWith("lora_down.weight");
      const form = isDown ? [1024, ...shape.slice(1)] : [shape[0]!, 1024, ...shape.slice(2)];
      return [name, new Float32Array(form.reduce((product, dim) => product * dim, 1)), form];
    });
    await refused([large], "SKIPSTEP_REQUEST_INVALID", "at most 512 beside one weight, found 1024");
  });
});

describe("a recipe", () => {
  it("has a generation's LoRAs by their content, and draws the same again", async () => {
    const pipeline = await plainOf("flux");
    const drawn = await pipeline.generate({ loras: [{ path: extra("lora-peft-flux"), scale: 0.7 }] });
    const [lora] = drawn.recipe.config.generate.loras!;
    expect(lora).toEqual({ path: { name: "lora.safetensors", sha256: expect.any(String) }, scale: 0.7 });
    await expect(openRecipe(drawn.recipe, { cacheDir })).rejects.toMatchObject({
      code: "SKIPSTEP_RECIPE_UNTRUSTED",
      message: expect.stringContaining("generate.loras.0"),
    });
    const again = await createPipeline(await openRecipe(drawn.recipe, { cacheDir, allow: true }), { cacheDir });
    try {
      expect((await again.generate()).latents).toEqual(drawn.latents);
    } finally {
      await again.close();
    }
  });
});

describe("a config with LoRAs beside the weights", () => {
  const model = join(golden, "pipelines/flux");

  it("counts them in its memory, and names those that are not there", async () => {
    const loras = [extra("lora-peft-flux")];
    const plain = await validateConfig({ model, generate: size });
    const config = await validateConfig({ model, generate: { ...size, loras } });
    expect(config.config.generate.loras).toEqual([{ path: loras[0], scale: 1 }]);
    expect(estimateMemory(config)).toBeGreaterThan(estimateMemory(plain));
    const [own, other] = [config, plain].map((checked) => inspectConfig(checked));
    const transformer = other!.components.find(({ name }) => name === "transformer")!;
    expect(own!.estimatedMemory - other!.estimatedMemory).toBeGreaterThan(transformer.weightBytes);
    const missing = {
      model,
      request_loras: { cat: join(root, "no.safetensors") },
      generate: { ...size, loras: ["dog"] },
    };
    await expect(validateConfig(missing)).rejects.toMatchObject({
      problems: [
        { code: "SKIPSTEP_LORA_MISSING", pointer: "/request_loras/cat" },
        { code: "SKIPSTEP_CONFIG_INVALID", pointer: "/generate/loras/0" },
      ],
    });
  });
});
