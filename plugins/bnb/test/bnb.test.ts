import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import { type ConfigInput, createPipeline, inspectConfig, validateConfig } from "@skipstep/core";
import { openWeights } from "@skipstep/core/model";
import { afterAll, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { bnbFormat } from "../src/bnb-format";
import { Bnb, type BnbOptions } from "../src/index";

describePlugin(Bnb, {
  exact: {}, // neither width: nothing is taken over
  active: { load_in_8bit: true },
  tolerance: 0.15, // largest absolute difference of the latents from those without the plugin
});

const golden = join(import.meta.dirname, "../../../test/golden");
const model = join(golden, "pipelines/z-image");
const files = mkdtempSync(join(tmpdir(), "skipstep-bnb-"));
afterAll(() => rmSync(files, { recursive: true, force: true }));

const generate = { prompt: "a cat", num_inference_steps: 2, height: 32, width: 32, guidance_scale: 0, seed: 1 };

function config(options: Partial<BnbOptions>, more: Partial<ConfigInput> = {}): ConfigInput {
  return { model, generate, plugins: [{ use: Bnb, options }], ...more };
}

async function run(input: ConfigInput) {
  const pipeline = await createPipeline(input, { cacheDir });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** Root mean square of the difference. */
function difference(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);
}

describe("bnb", () => {
  it("stores linear layers in 4 or 8 bits, closer to the image the more there are", async () => {
    const plain = await run({ model, generate });
    const errors: number[] = [];
    for (const [options, form, bytes] of [
      [{ load_in_8bit: true }, "int8", 1.1],
      [{ load_in_4bit: true, bnb_4bit_quant_type: "nf4", bnb_4bit_use_double_quant: true }, "nf4", 0.6],
      [{ load_in_4bit: true, bnb_4bit_kernel: "int8", bnb_4bit_blocksize: 64 }, "int4", 0.75],
    ] as const) {
      const { report, latents } = await run(config(options));
      const { build, effect } = report.plugins[0]!;
      expect(effect).toBe(true);
      expect(Object.keys(build.forms)).toEqual([form]);
      expect(build.storedBytes / (build.floatBytes / 4)).toBeLessThan(bytes);
      errors.push(difference(latents.data, plain.latents.data));
    }
    expect(errors[0]).toBeLessThan(errors[1]!);
    expect(Math.max(...errors)).toBeLessThan(0.3);
  });

  it("leaves modules as they are by the rule of diffusers, and tells of patterns that were for nothing", async () => {
    const skip = ["layers.1", "to_k", "cap_embedder", "nothing_here"];
    const { report } = await run(config({ load_in_8bit: true, llm_int8_skip_modules: skip }));
    const all = await run(config({ load_in_8bit: true }));
    const missing = all.report.plugins[0]!.build.weights - report.plugins[0]!.build.weights;
    // All linear layers of one block, to_k of the others, the caption's embedder.
    expect(missing).toBeGreaterThan(10);
    expect(report.warnings).toEqual([
      'bnb: llm_int8_skip_modules has "nothing_here", which is no linear layer of the model and no module that one lies in: it kept nothing as it is.',
    ]);
    expect(all.report.warnings).toEqual([]);
  });

  it("refuses both widths at once, and options that are not there", async () => {
    await expect(validateConfig(config({ load_in_8bit: true, load_in_4bit: true }))).rejects.toThrow(
      'load_in_8bit of plugin "bnb" cannot be true beside load_in_4bit. Keep one of them.',
    );
    await expect(validateConfig(config({ llm_int8_has_fp16_weight: true }))).rejects.toThrow(
      /llm_int8_has_fp16_weight/,
    );
    await expect(validateConfig(config({ bnb_4bit_blocksize: 96 }))).rejects.toThrow(/bnb_4bit_blocksize/);
    await expect(validateConfig(config({ bnb_4bit_quant_type: "int4" as never }))).rejects.toThrow(
      /bnb_4bit_quant_type/,
    );
  });
});

describe("a checkpoint of bitsandbytes", () => {
  const folder = join(files, "pipeline");
  cpSync(model, folder, { recursive: true });
  const transformer = join(folder, "transformer");
  rmSync(transformer, { recursive: true });
  cpSync(join(golden, "extras/bnb-z-image"), transformer, { recursive: true });

  it("is taken over as it is", async () => {
    const input = config({}, { model: folder });
    const found = inspectConfig(await validateConfig(input)).components.find(({ name }) => name === "transformer")!;
    expect(found.source.format).toBe("bnb");
    expect(found.dtypes).toContain("bnb:nf4");
    const { report } = await run(input);
    const { forms, storedBytes, floatBytes } = report.plugins[0]!.build;
    expect(Object.keys(forms)).toEqual(["nf4"]);
    expect(storedBytes / (floatBytes / 4)).toBeLessThan(0.6);
  });

  it("is not quantized twice", async () => {
    for (const option of ["load_in_4bit", "load_in_8bit"] as const)
      await expect(validateConfig(config({ [option]: true }, { model: folder }))).rejects.toThrow(
        `${option} of plugin "bnb" would quantize weights that are quantized already (bnb reads them). Leave it out, or give the checkpoint that is not quantized.`,
      );
  });

  it("needs the plugin, which the error names", async () => {
    await expect(validateConfig({ model: folder, generate })).rejects.toThrow(/pnpm add @skipstep\/plugin-bnb/);
  });

  it("may have scales that the kernel for CPUs turned into a matrix", () => {
    const saved = join(golden, "quantized/bnb-cpu");
    const tensors = openWeights(join(saved, "diffusion_pytorch_model.safetensors"));
    const { dtype, shape } = tensors.entry("proj.weight.absmax");
    expect([dtype, ...shape]).toEqual(["bfloat16", 2, 64]);
    const expected = openWeights(join(saved, "expected.safetensors"));
    const values = expected.readFloat32("proj.weight");
    const weights = bnbFormat.open({ path: saved, tensors, quantization: {}, metadata: () => ({}) });
    const found = weights.readFloat32("proj.weight");
    // Scales of 8 bits, and a weight of 8: what was rounded twice is off by two steps at most.
    for (const [i, value] of values.entries())
      expect(Math.abs(found[i]! - value)).toBeLessThanOrEqual(2 ** -7 * Math.abs(value));
    const { absmax } = weights.packed!("proj.weight")!.rows!(1, 1)!.tensors;
    const scales = tensors.readFloat32("proj.weight.absmax");
    expect([...(absmax!.read().data as Float32Array)]).toEqual([scales[1], scales[65]]);
    for (const open of [weights, expected]) open.close();
  });

  it("tells which weight contradicts itself", async () => {
    const broken = join(files, "broken");
    cpSync(folder, broken, { recursive: true });
    const file = join(broken, "transformer/diffusion_pytorch_model.safetensors");
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"blocksize": 64', 8 + Number(bytes.readBigUInt64LE()));
    expect(at).toBeGreaterThan(0);
    bytes.write('"blocksize": 32', at);
    writeFileSync(file, bytes);
    await expect(createPipeline(config({}, { model: broken }), { cacheDir })).rejects.toThrow(
      /weight "[\w.-]+\.weight" has \d+ blocks of 32, and \d+ scales/,
    );
  });
});
