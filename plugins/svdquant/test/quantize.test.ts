import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConfigInput,
  createPipeline,
  findQuantizer,
  inspectConfig,
  openComponentWeights,
  validateConfig,
} from "@skipstep/core";
import type { QuantizeResult } from "@skipstep/core/plugin";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SvdQuant } from "../src/index";

const model = join(import.meta.dirname, "../../../packages/contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };
const folder = mkdtempSync(join(tmpdir(), "skipstep-svdquant-"));
const cacheDir = join(folder, "cache");
process.env.SKIPSTEP_CACHE = cacheDir;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Writing {
  readonly options?: object;
  readonly input?: string;
  readonly signal?: AbortSignal;
}

async function write(file: string, { options = {}, input, signal }: Writing = {}): Promise<QuantizeResult> {
  const found = await findQuantizer(join(import.meta.dirname, ".."), { ...options }, ".");
  const { weights, component, pipeline } = await openComponentWeights(input ?? { model, generate });
  try {
    return await found.quantizer.quantize({
      component,
      weights,
      options: found.options,
      file,
      ...(pipeline ? { config: pipeline.config } : {}),
      images: () => [{ prompt: "a dog" }],
      signal: signal ?? new AbortController().signal,
      onProgress: () => undefined,
    });
  } finally {
    weights.close();
  }
}

async function latentsOf(config: ConfigInput): Promise<Float32Array> {
  const pipeline = await createPipeline({ model, generate, ...config }, { cacheDir, threads: 1 });
  try {
    return (await pipeline.generate()).latents.data;
  } finally {
    await pipeline.close();
  }
}

function relative(a: Float32Array, b: Float32Array): number {
  const size = (values: Float32Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  return size(a.map((x, i) => x - b[i]!)) / size(b);
}

describe("quantize --to svdquant", () => {
  const file = join(folder, "transformer.safetensors");
  const made = { components: { transformer: file } };
  let result: QuantizeResult;
  beforeAll(async () => {
    result = await write(file, { options: { rank: 16, skip: ["layers.3", "layers.9.*"] } });
  });

  it("writes the blocks' linears but those that are skipped, and says what it did", () => {
    expect(result.lines[0]).toMatch(/^\d+ layers in 4 bits with rank 16, \d+ tensors as they were$/);
    const { layers, mean_error } = result.numbers as { layers: { name: string; error: number }[]; mean_error: number };
    expect(layers.some(({ name }) => name === "layers.0.feed_forward.w2")).toBe(true);
    expect(layers.some(({ name }) => name.startsWith("layers.3."))).toBe(false);
    expect(layers.some(({ name }) => /adaLN|embedder|final/.test(name))).toBe(false);
    expect(mean_error).toBeGreaterThan(0.001);
    expect(mean_error).toBeLessThan(0.12);
  });

  it("warns of a skip pattern that fits nothing", () => {
    expect(result.warnings).toEqual([
      'skip has "layers.9.*", which fits no linear layer that would be quantized: it kept nothing as it is.',
    ]);
  });

  it("says in its metadata what nunchaku's loaders ask for", () => {
    const bytes = readFileSync(file);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    expect(header.__metadata__.model_class).toBe("ZImageTransformer2DModel");
    expect(JSON.parse(header.__metadata__.quantization_config)).toMatchObject({ method: "svdquant", rank: 16 });
    expect(header["layers.0.attention.to_q.qweight"]).toMatchObject({ dtype: "I8", shape: [128, 64] });
  });

  it("is read again, in both forms, close to the model that it was made of", async () => {
    const exact = await latentsOf({});
    const kept = await latentsOf({ ...made, plugins: [{ use: SvdQuant }] });
    const wide = await latentsOf({ ...made, plugins: [{ use: SvdQuant, options: { form: "w8a8" } }] });
    expect(relative(kept, exact)).toBeGreaterThan(1e-4);
    expect(relative(kept, exact)).toBeLessThan(0.15);
    expect(relative(wide, kept)).toBeLessThan(0.05);
  });

  it("is inspected with its forms", async () => {
    const { plugins } = await inspectConfig(
      await validateConfig({ model, generate, ...made, plugins: [{ use: SvdQuant }] }),
    );
    expect(plugins[0]!.weights).toBe((result.numbers as { layers: unknown[] }).layers.length);
  });

  it("is not quantized again", async () => {
    const config = { model, generate, ...made, plugins: [{ use: SvdQuant }] };
    await expect(openComponentWeights(config)).rejects.toMatchObject({ code: "SKIPSTEP_WEIGHTS_QUANTIZED" });
  });

  it("is refused when it is cut off", async () => {
    const short = join(folder, "short.safetensors");
    writeFileSync(short, readFileSync(file));
    truncateSync(short, 200_000);
    const config = { model, generate, components: { transformer: short }, plugins: [{ use: SvdQuant }] };
    await expect(createPipeline(config, { cacheDir })).rejects.toThrow(/ends|truncated|cut|byte/i);
  });
});

describe("what cannot be quantized", () => {
  it("is a rank that a layer has not", async () => {
    await expect(write(join(folder, "a.safetensors"), { options: { rank: 64 } })).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_OPTION",
      message: expect.stringMatching(/rank.*64.*\[64, 64\].*at most 63/),
    });
    expect(existsSync(join(folder, "a.safetensors"))).toBe(false);
  });

  it("is a model of which everything is skipped", async () => {
    const options = { rank: 8, skip: ["*"] };
    await expect(write(join(folder, "b.safetensors"), { options })).rejects.toMatchObject({
      code: "SKIPSTEP_SVDQUANT_NOTHING",
    });
  });

  it("stops where it is cancelled", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(write(join(folder, "c.safetensors"), { options: { rank: 8 }, signal })).rejects.toThrow();
  });
});

it("warns where GPTQ sees too few tokens", async () => {
  const options = { rank: 8, gptq: true, iterations: 1, grid: 1 };
  const { warnings } = await write(join(folder, "gptq.safetensors"), { options });
  expect(warnings).toEqual([expect.stringMatching(/^GPTQ saw 64 tokens of ".*", which has 64 inputs.* tokens to 256/)]);
});

it("does without calibration for a component that comes alone, and says so", async () => {
  const input = join(model, "transformer");
  const { warnings } = await write(join(folder, "alone.safetensors"), { input, options: { rank: 8, iterations: 1 } });
  expect(warnings).toEqual([
    "No layer was calibrated, so that inputs are not smoothed: a component alone makes no images. Give a config or a whole model.",
  ]);
});
