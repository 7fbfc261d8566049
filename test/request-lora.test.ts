import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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

/** Writes a LoRA of rank 2 for weights of these names and shapes. */
function made(name: string, weights: Readonly<Record<string, readonly number[]>>): string {
  const wave = (shape: readonly number[]) => {
    const bytes = Float32Array.from(
      { length: shape.reduce((product, dim) => product * dim, 1) },
      (_, i) => Math.sin(i) / 4,
    );
    return { dtype: "float32", shape, bytes } as const;
  };
  const factors = Object.entries(weights).flatMap(([weight, [rows = 1, ...rest]]) => {
    const module = weight.replace(/\.weight$/, "");
    return [
      [`${module}.lora_A.weight`, wave([2, ...rest])],
      [`${module}.lora_B.weight`, wave([rows, 2, ...rest.slice(1).map(() => 1)])],
    ];
  });
  const file = join(root, name);
  writeFileSync(file, safetensors(Object.fromEntries(factors)));
  return file;
}

/** Weights of a text encoder that end so, as LoRAs call them. */
function shapesOf(model: string, encoder: string, end: string): [string, readonly number[]][] {
  return [...readSafetensors(join(model, encoder, "model.safetensors"))].flatMap(([name, { shape }]) =>
    name.endsWith(end) ? [[`${encoder}.${name}`, shape]] : [],
  );
}

const kohya = extra("lora-kohya-sd15");
const unetConfig = { model: join(golden, "pipelines/sd15"), generate: size, lora: [kohya] };
let unetPipeline: Promise<Pipeline> | undefined;

/** One with convolutions, and a LoRA merged. */
function unet(): Promise<Pipeline> {
  unetPipeline ??= opened(unetConfig);
  return unetPipeline;
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

type Form = { dtype: string; shape: readonly number[]; data: Float32Array };
/** Name, values, shape and type of what becomes of a tensor. */
type Change = (name: string, tensor: Form) => unknown[] | undefined;

/** Writes tensors under other names, or others. @param more float32 vectors */
function rewritten(path: string, name: string, change: Change, more = new Map<string, Float32Array>()): string {
  const tensors = [...readSafetensors(path)].flatMap(([key, { dtype, shape, data }]) => {
    const [as, values, form, type] = change(key, { dtype, shape, data: data as Float32Array }) ?? [];
    return as === undefined ? [] : [[as, { dtype: type ?? dtype, shape: form ?? shape, bytes: values ?? data }]];
  });
  const added = [...more].map(([key, bytes]) => [key, { dtype: "float32", shape: [bytes.length], bytes }]);
  const file = join(root, name);
  writeFileSync(file, safetensors(Object.fromEntries([...tensors, ...added])));
  return file;
}

/** Of bfloat16, which is read as its bits. */
function asFloats(bits: ArrayLike<number>): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
}

describe("a LoRA at a request draws as one that is merged", () => {
  it.each([
    ["flux", "PEFT's names", [extra("lora-peft-flux")]],
    [
      "flux",
      "XLabs's and OneTrainer's names, alphas by pattern",
      [extra("lora-xlabs-flux"), extra("lora-onetrainer-flux"), join(aCase("alpha-pattern-regex"), "alternatives")],
    ],
    [
      "z-image",
      "kohya's names, fused and split rows",
      [extra("lora-kohya-z-image"), join(aCase("zimage-lora-twice"), "both.safetensors")],
    ],
    ["sd3", "fused rows of sd-scripts", [join(aCase("sd3-kohya-lora"), "kohya.safetensors")]],
  ])("%s: %s", async (name, _, paths) => {
    const pipeline = await plainOf(name);
    const loras = paths.map((path) => ({ path, scale: 0.8 }));
    const beside = await pipeline.generate({ loras });
    const expected = await merged({ model: pipeline.config.model, generate: size, lora: loras });
    expect(apart(expected, beside)).toBeLessThan(1e-5);
    const plain = await pipeline.generate();
    for (const [i, { modules, matched, scale }] of beside.report.loras!.entries()) {
      expect(Object.values(matched).reduce((sum, part) => sum + part, 0)).toBe(modules);
      expect(scale).toBe(0.8);
      expect(apart(plain, await pipeline.generate({ loras: [loras[i]!] }))).toBeGreaterThan(1e-4);
    }
  });

  it("sd3: text encoders, also of weighted prompts in chunks, for which they run another function", async () => {
    const model = join(golden, "pipelines/sd3");
    const encoders = ["text_encoder", "text_encoder_2"];
    const shapes = encoders.flatMap((encoder) => shapesOf(model, encoder, "self_attn.v_proj.weight"));
    const lora = { path: made("clip.safetensors", Object.fromEntries(shapes)), scale: 0.8 };
    const prompt = `a "red heart"0.6, ${"and clouds ".repeat(10)}`;
    const generate = { ...size, prompt, prompt_weighting: "compel", long_prompts: "chunks" };
    const pipeline = await plainOf("sd3");
    const beside = await pipeline.generate({ ...generate, loras: [lora] });
    expect(apart(await merged({ model, generate, lora: [lora] }), beside)).toBeLessThan(1e-5);
    expect(apart(await pipeline.generate(generate), beside)).toBeGreaterThan(1e-4);
    expect(Object.keys(beside.report.loras![0]!.matched)).toEqual(encoders);
  });

  it("sd15: convolutions, LoHa as a product of rank r * r, LoKr as a product, all at once beside one that is merged", async () => {
    const loras = [
      extra("lora-conv-sd15"),
      { path: extra("lora-loha-tucker-sd15"), scale: -0.5 },
      { path: extra("lora-lokr-sd15"), scale: 0.5 },
    ];
    const pipeline = await unet();
    const beside = await pipeline.generate({ loras });
    expect(apart(await merged({ ...unetConfig, lora: [kohya, ...loras] }), beside)).toBeLessThan(1e-5);
    expect(beside.report.loras!.map(({ scale }) => scale)).toEqual([1, -0.5, 0.5]);
    expect(beside.report.loras!.map(({ modules, matched }) => modules === matched.unet)).toEqual([true, true, true]);
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(1e-3);
  });

  it("z-image: a text encoder's layers, those that nothing runs as well", async () => {
    const model = join(golden, "pipelines/z-image");
    const shapes = shapesOf(model, "text_encoder", "mlp.down_proj.weight");
    const lora = made("text-encoder.safetensors", Object.fromEntries(shapes));
    const pipeline = await plainOf("z-image");
    const beside = await pipeline.generate({ loras: [lora] });
    expect(apart(await merged({ model, generate: size, lora: [lora] }), beside)).toBeLessThan(1e-5);
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(1e-4);
    expect(beside.report.loras![0]!.matched).toEqual({ text_encoder: shapes.length });
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
    const names = { cat: extra("lora-peft-flux"), ink: extra("lora-xlabs-flux") };
    const pipeline = await createPipeline(
      { model: join(golden, "pipelines/flux"), generate: size, request_loras: names },
      { cacheDir: own },
    );
    try {
      const before = readdirSync(join(own, "engines"));
      const { report, recipe } = await pipeline.generate({ loras: ["cat", { name: "ink", scale: 0.5 }] });
      expect(readdirSync(join(own, "engines"))).toEqual(before);
      expect(report.loras!.map(({ name }) => name)).toEqual(["cat", "ink"]);
      expect(JSON.stringify(recipe)).not.toContain(root);
      // as the command line has it, which does not know a name from a path
      const named = await pipeline.generate({ loras: [{ path: "ink", scale: 0.5 }] });
      expect(named.report.loras).toMatchObject([{ name: "ink", scale: 0.5 }]);
      for (const loras of [["dog"], ["__proto__"], [{ path: "dog" }], [{ path: extra("lora-onetrainer-flux") }]])
        await expect(pipeline.generate({ loras })).rejects.toMatchObject({
          code: "SKIPSTEP_REQUEST_INVALID",
          message: expect.stringContaining("It allows: cat, ink"),
        });
    } finally {
      await pipeline.close();
    }
  });

  it("goes on while a generation inside another has branches beside convolutions as well", async () => {
    const linear = made("linear.safetensors", { "transformer.proj_out_1.weight": [64, 32] });
    const conv = made("conv.safetensors", { "transformer.pos_embed.proj.weight": [32, 4, 2, 2] });
    const config = {
      model: join(golden, "pipelines/dit"),
      generate: { num_inference_steps: 2, class_labels: [1], seed: 1 },
    };
    const pipeline = await opened(config);
    const alone = await pipeline.generate({ loras: [linear] });
    let inner: Promise<GenerateResult> | undefined;
    const outer = await pipeline.generate({
      loras: [linear],
      onProgress: async ({ kind }) => {
        if (kind === "step") inner ??= pipeline.generate({ loras: [conv] });
        await inner;
      },
    });
    expect(outer.latents).toEqual(alone.latents);
    const beside = await inner!;
    expect(apart(await merged({ ...config, lora: [conv] }), beside)).toBeLessThan(1e-5);
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(1e-4);
  });

  it("is fed anew when a file is another one, or the settings beside it", async () => {
    const folder = join(root, "settings");
    cpSync(join(aCase("alpha-pattern-regex"), "alternatives"), folder, { recursive: true });
    const pipeline = await plainOf("flux");
    const first = await pipeline.generate({ loras: [folder] });
    expect((await pipeline.generate({ loras: [folder] })).latents).toEqual(first.latents);
    const settings = join(folder, "adapter_config.json");
    const said = JSON.parse(readFileSync(settings, "utf8"));
    writeFileSync(settings, JSON.stringify({ ...said, lora_alpha: 64, alpha_pattern: {} }));
    const second = await pipeline.generate({ loras: [folder] });
    expect(apart(first, second)).toBeGreaterThan(1e-4);
    cpSync(extra("lora-peft-flux"), join(folder, "adapter_model.safetensors"));
    writeFileSync(settings, "{}");
    expect(apart(second, await pipeline.generate({ loras: [folder] }))).toBeGreaterThan(1e-4);
  });
});

describe("beside packed weights and at plugins' regions", () => {
  const model = join(golden, "pipelines/z-image");
  const lora = extra("lora-kohya-z-image");
  const weightsFile = "diffusion_pytorch_model.safetensors";

  /** A transformer with other tensors. @param settings over its config.json */
  function transformer(name: string, from: string, change: Change, settings: object = {}): string {
    const config = JSON.parse(readFileSync(join(from, "config.json"), "utf8"));
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "config.json"), JSON.stringify({ ...config, ...settings }));
    rewritten(join(from, weightsFile), join(name, weightsFile), change);
    return join(root, name);
  }

  /** A checkpoint of bitsandbytes whose weights were float32: merged, they are read without being rounded to bfloat16. */
  function bnbFourBit(): string {
    return transformer("nf4", join(golden, "extras/bnb-z-image"), (name, { data }) => {
      if (!name.includes(".quant_state.")) return [name, data];
      const state = JSON.parse(Buffer.from(data as unknown as Uint8Array).toString());
      const bytes = Buffer.from(JSON.stringify({ ...state, dtype: "float32" }));
      return [name, new Uint8Array(bytes), [bytes.length]];
    });
  }

  /** One of LLM.int8, in which every input is an outlier, so that none is rounded. */
  function bnbEightBit(): string {
    const int8 = { quant_method: "bitsandbytes", load_in_8bit: true, llm_int8_threshold: 1e-9 };
    const plain = join(model, "transformer");
    const scales = new Map<string, Float32Array>();
    const codesOf = (name: string, data: Float32Array, width: number): Int8Array => {
      const most = Float32Array.from({ length: data.length / width }, (_, row) =>
        data.subarray(row * width, (row + 1) * width).reduce((max, value) => Math.max(max, Math.abs(value)), 0),
      );
      scales.set(name.replace(/weight$/, "SCB"), most);
      return Int8Array.from(data, (value, i) => Math.round((value * 127) / most[Math.floor(i / width)]!));
    };
    const folder = transformer(
      "int8",
      plain,
      (name, { shape, data }) => {
        const isPacked = /^layers\..*(attention\.to|feed_forward)/.test(name);
        return isPacked ? [name, codesOf(name, asFloats(data), shape[1]!), shape, "int8"] : [name, data];
      },
      { quantization_config: int8 },
    );
    rewritten(join(folder, weightsFile), join("int8", weightsFile), (name, { data }) => [name, data], scales);
    return folder;
  }

  async function ggufFile(): Promise<string> {
    const file = join(root, "transformer.gguf");
    await writeGguf(model, file);
    return file;
  }

  // What a merged LoRA changes is float32, of the very numbers that are packed beside a branch.
  it.each([
    ["bnb in 4 bits", bnbFourBit, Bnb],
    ["bnb in 8 bits", bnbEightBit, Bnb],
    ["gguf", ggufFile, Gguf],
  ])("%s", async (_, file, use) => {
    const config = { model, components: { transformer: await file() }, generate: size, plugins: [{ use }] };
    const pipeline = await opened(config);
    const beside = await pipeline.generate({ loras: [lora] });
    const expected = await merged({ ...config, lora: [lora] });
    expect(apart(expected, beside)).toBeLessThan(1e-5);
    const [packed, rest] = [beside, expected].map(({ report }) => report.plugins[0]!.build.weights);
    expect(packed! - rest!).toBeGreaterThanOrEqual(16); // all that it changes
    expect(apart(await pipeline.generate(), beside)).toBeGreaterThan(0.05);
  });

  // Its kernels round inputs, so that it is held to plain weights, of a rank that its own branch has room for: nothing is
  // left to be rounded.
  it("svdquant", async () => {
    const own = transformer("narrow", join(model, "transformer"), (name, { shape, data }) => {
      const isNarrow = /^layers\.[01]\.attention\.to/.test(name);
      return [name, isNarrow ? data.map((value, i) => (i < 8 * shape[1]! ? value : 0)) : data];
    });
    const config = { model, components: { transformer: own }, generate: size };
    const skip = ["*refiner", "*feed_forward", "layers.2", "layers.3", "layers.4"];
    const pipeline = await opened({ ...config, plugins: [{ use: SvdQuant, options: { rank: 8, skip } }] });
    const beside = await pipeline.generate({ loras: [lora] });
    expect(apart(await merged({ ...config, lora: [lora] }), beside)).toBeLessThan(1e-5);
    expect(beside.report.plugins[0]!.build.weights).toBe(8);
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
    const pipeline = await unet();
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
