import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSafetensors, safetensors } from "@skipstep/contract/graph";
import {
  type ConfigInput,
  createPipeline,
  findQuantizer,
  type GenerateResult,
  inspectConfig,
  openComponentWeights,
  validateConfig,
} from "@skipstep/core";
import type { QuantizeResult } from "@skipstep/core/plugin";
import { afterAll, describe, expect, it } from "vitest";
import { originalFlux, type StoredTensors } from "../../../packages/core/test/original-names";
import { openGguf } from "../src/container/gguf-weights";

const folder = mkdtempSync(join(tmpdir(), "skipstep-gguf-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(import.meta.dirname, "../../..");
const model = join(root, "packages/contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 4, guidance_scale: 0, height: 32, width: 32, seed: 3 };

/** Writes a GGUF file as the command does. */
async function write(
  input: string | ConfigInput,
  name: string,
  options: Readonly<Record<string, unknown>>,
): Promise<{ file: string; result: QuantizeResult }> {
  const found = await findQuantizer("gguf", options, root);
  const { component, weights, pipeline } = await openComponentWeights(input);
  const file = join(folder, name);
  rmSync(file, { force: true });
  const result = await found.quantizer.quantize({
    component,
    weights,
    options: found.options,
    file,
    ...(pipeline ? { config: pipeline.config } : {}),
    images: () => [{ prompt: "a dog" }],
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  weights.close();
  return { file, result };
}

async function run(config: Partial<ConfigInput>): Promise<GenerateResult> {
  const pipeline = await createPipeline(
    { model, generate, ...config },
    { cacheDir: join(folder, "cache"), folder: root },
  );
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

function difference(a: GenerateResult, b: GenerateResult): number {
  const values = b.latents.data;
  const most = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return a.latents.data.reduce((worst, x, i) => Math.max(worst, Math.abs(x - values[i]!)), 0) / most;
}

describe("a transformer in a GGUF file", async () => {
  const { file, result } = await write(model, "z.gguf", {
    type: "Q8_0",
    rules: ["layers.1.*.w1.weight=F16", "layers.0.*=Q4_0", "nothing=F16"],
  });
  const components = { transformer: file };

  it("was written by type and rule", () => {
    const { types } = result.numbers as { types: Record<string, { tensors: number }> };
    expect(Object.keys(types).sort()).toEqual(["F16", "F32", "Q4_0", "Q8_0"]);
    expect(result.warnings).toEqual([
      'rule "nothing=F16" matches no tensor',
      expect.stringMatching(/^5 tensors are F16 and not Q8_0, whose blocks do not divide their rows/),
      expect.stringMatching(/^1 tensor is F16 and not Q4_0/),
    ]);
  });

  it("makes the image of its dequantized weights, packed and in float32", async () => {
    const plain = await run({});
    const packed = await run({ components, plugins: ["gguf"] });
    const apart = await run({ components, plugins: [{ use: "gguf", options: { weights: "float32" } }] });
    expect(difference(packed, plain)).toBeLessThan(0.2);
    expect(difference(packed, plain)).toBeGreaterThan(0.01);
    expect(difference(packed, apart)).toBeLessThan(1e-4);
    const [report] = packed.report.plugins;
    expect(report!.summary).toMatch(/^\d+ weights as .*\d+ Q8_0 in 8 bits, .*\d+ Q4_0 in 4 bits, .* MB$/);
    expect(report!.build.noise).toBeUndefined();
    expect(report!.build.storedBytes).toBeLessThan(report!.build.floatBytes / 3);
    const [whole] = apart.report.plugins;
    expect(whole!.summary).toMatch(/Q8_0 in float32/);
  });

  it("makes nearly that image by int8, and says how much is rounded", async () => {
    const apart = await run({ components, plugins: [{ use: "gguf", options: { weights: "float32" } }] });
    const rounded = await run({ components, plugins: [{ use: "gguf", options: { kernel: "int8" } }] });
    expect(difference(rounded, apart)).toBeLessThan(0.05);
    expect(difference(rounded, apart)).toBeGreaterThan(1e-4);
    const { summary, build } = rounded.report.plugins[0]!;
    expect(summary).toMatch(/\d+ Q8_0 in 8 bits with int8 activations, .* MB, noise 0\.\d\d%$/);
    expect(build.noise).toBeGreaterThan(0.003);
    expect(build.forms).toHaveProperty("Q4_0 in 4 bits with int8 activations");
  });

  it("is told of a kernel that there is not", async () => {
    const plugins = [{ use: "gguf", options: { kernel: "fast" } }];
    await expect(validateConfig({ model, generate, components, plugins }, { folder: root })).rejects.toThrow(
      /#\/plugins\/0\/options\/kernel must be one of "exact", "int8", found "fast"/,
    );
  });

  it("goes with fbcache", async () => {
    const alone = await run({ components, plugins: ["gguf"] });
    const both = await run({ components, plugins: ["gguf", { use: "fbcache", options: { threshold: 0.5 } }] });
    expect(both.report.plugins.map(({ name, effect }) => [name, effect])).toEqual([
      ["gguf", true],
      ["fbcache", true],
    ]);
    expect(both.report.plugins[1]!.regions.some(({ reused }) => reused.length > 0)).toBe(true);
    expect(both.images[0]!.width).toBe(32);
    expect(difference(both, alone)).toBeLessThan(0.5);
  });

  it("is told by inspection, with the types and what they become", async () => {
    const inspected = inspectConfig(
      await validateConfig({ model, generate, components, plugins: ["gguf"] }, { folder: root }),
    );
    const transformer = inspected.components.find(({ name }) => name === "transformer")!;
    expect(transformer.source.format).toBe("gguf");
    expect(transformer.dtypes).toEqual(expect.arrayContaining(["gguf:Q8_0", "gguf:Q4_0", "float32", "float16"]));
    expect(transformer.storedBytes).toBeLessThan(readFileSync(file).length);
    expect(Object.keys(inspected.plugins[0]!.components.transformer!.forms)).toEqual(
      expect.arrayContaining(["Q8_0 in 8 bits", "Q4_0 in 4 bits"]),
    );
  });

  it("needs the plugin, and says which", async () => {
    await expect(validateConfig({ model, generate, components })).rejects.toThrow(
      /a GGUF file, which @skipstep\/plugin-gguf reads/,
    );
  });

  it("is not quantized again", async () => {
    const again = openComponentWeights({ model, generate, components, plugins: ["gguf"] }, { folder: root });
    await expect(again).rejects.toThrow(/is quantized already: its "[^"]+" is gguf:Q[48]_0/);
  });
});

it("calibrates on images of its own, and takes importance from a file", async () => {
  const config = { model, generate, plugins: [] };
  const plain = await write(config, "plain.gguf", { type: "Q4_0" });
  const calibrated = await write(config, "calibrated.gguf", { type: "Q4_0", calibrate: true });
  expect(readFileSync(calibrated.file).equals(readFileSync(plain.file))).toBe(false);
  expect(calibrated.result.warnings.filter((text) => text.includes("importance"))).toEqual([]);

  const name = "layers.0.attention.to_q.weight";
  const importance = join(folder, "importance.safetensors");
  const vector = (length: number) => ({
    dtype: "float32" as const,
    shape: [length],
    bytes: Float32Array.from({ length }, (_, i) => (i % 5 === 0 ? 100 : 0.1)),
  });
  writeFileSync(importance, safetensors({ [name]: vector(64), other: vector(3) }));
  const weighed = await write(model, "weighed.gguf", { type: "Q4_0", importance });
  expect(weighed.result.warnings).toEqual(
    expect.arrayContaining(["there is importance of what is no weight here: other"]),
  );
  const values = [weighed, plain].map(({ file }) => {
    const weights = openGguf({ path: file });
    const read = weights.readFloat32(name);
    weights.close();
    return read;
  });
  expect(values[0]).not.toEqual(values[1]);

  writeFileSync(importance, safetensors({ [name]: vector(7) }));
  await expect(write(model, "wrong.gguf", { type: "Q4_0", importance })).rejects.toThrow(
    /"layers.0.attention.to_q.weight" has 7 numbers, and the weight rows of 64/,
  );
  await expect(write(join(model, "transformer"), "alone.gguf", { calibrate: true })).rejects.toThrow(
    /Weights alone make no images/,
  );
});

it("reads FLUX.1 under its authors' names, with fused weights cut and still packed", async () => {
  const pipelines = join(root, "test/golden/pipelines/flux");
  const opened = await openComponentWeights(join(pipelines, "transformer"));
  const stored: StoredTensors = new Map(
    opened.weights.names.map((name) => {
      const { dtype, shape } = opened.weights.entry(name);
      return [name, { dtype, shape, bytes: opened.weights.readRows(name, 0, shape[0] ?? 1) }];
    }),
  );
  opened.weights.close();
  const original = join(folder, "original.safetensors");
  const named = join(folder, "named.safetensors");
  writeFileSync(original, safetensors(Object.fromEntries(originalFlux(stored))));
  writeFileSync(named, safetensors(Object.fromEntries(stored)));
  expect(readSafetensors(original).has("double_blocks.0.img_attn.qkv.weight")).toBe(true);
  const inspected = await Promise.all(
    [original, named].map(async (input, i) => {
      const { file } = await write(input, `flux-${i}.gguf`, { type: "Q8_0" });
      const config = {
        model: pipelines,
        components: { transformer: file },
        plugins: ["gguf"],
        generate: { prompt: "a" },
      };
      return inspectConfig(await validateConfig(config, { folder: root })).plugins[0]!.components.transformer!.forms;
    }),
  );
  expect(inspected[0]).toEqual(inspected[1]);
});
