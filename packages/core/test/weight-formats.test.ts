import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { PluginUse } from "../src/index";
import { inspectConfig, validateConfig } from "../src/index";
import type { OpenWeights, Plugin, Weight, WeightForm, WeightFormat } from "../src/plugin";
import { BinaryFile, FormatWeights, plainTensor, plugin } from "../src/plugin";
import { toFloat32 } from "../src/weights/checkpoint/to-float32";
import { MergedWeights } from "../src/weights/lora/merged-weights";
import { safetensors, temporaryFolder, thrown, vector, write } from "./checkpoint-files";
import { openCheckpoint } from "./open-known";
import { originalZImage, type StoredTensors } from "./original-names";
import { readSafetensors } from "./read-safetensors";
import { toyFile, toyTensors } from "./toy-format";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/z-image");
const root = temporaryFolder();
const query = "layers.0.attention.to_q.weight";

const transformer: StoredTensors = new Map(
  readdirSync(join(model, "transformer"))
    .filter((name) => name.endsWith(".safetensors"))
    .flatMap((name) => [...readSafetensors(join(model, "transformer", name))])
    .map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]),
);

/** Files of their own kind, and safetensors with a scale beside the codes. */
const toy: WeightFormat = {
  name: "toy",
  extensions: [".toy"],
  quantMethods: ["toy"],
  matches: (entries) => entries.some(({ name }) => name.endsWith(".toy_scale")),
  open({ path, tensors }) {
    if (tensors) return scaled(tensors);
    const origin = BinaryFile.open(path);
    return new FormatWeights({ format: "toy", revision: 1, tensors: toyTensors(origin), origin });
  },
};

/** Codes beside `.toy_scale`. */
function scaled(tensors: OpenWeights): OpenWeights {
  const names = tensors.names.filter((name) => !name.endsWith(".toy_scale"));
  return new FormatWeights({
    format: "toy",
    revision: 1,
    origin: tensors,
    tensors: new Map(
      names.map((name) => {
        const plain = plainTensor(tensors, name);
        if (!tensors.has(`${name}.toy_scale`)) return [name, plain];
        const scale = tensors.readFloat32(`${name}.toy_scale`)[0]!;
        const readRows = (first: number, count: number): Uint8Array =>
          new Uint8Array(toFloat32(plain.readRows(first, count), "int8").map((code) => code * scale).buffer);
        const packed = { format: "toy:one", byteLength: 1, tensors: {}, parameters: {} };
        return [name, { ...plain, dtype: "float32", readRows, packed }];
      }),
    ),
  });
}

const seen: Weight[] = [];

@plugin<Record<string, never>>({
  name: "toy",
  description: "Reads toys.",
  options: { type: "object", additionalProperties: false, required: [], properties: {} },
  weightFormats: [toy],
})
class Toy implements Plugin {
  weightLoad(weight: Weight): WeightForm | undefined {
    seen.push(weight);
    return undefined;
  }
}

const use: PluginUse = { use: Toy };
const generate = { prompt: "a", height: 32, width: 32 };

it("is opened by the plugin's reader, under the names that models ask for", async () => {
  const path = write(join(root, "a.toy"), toyFile(transformer));
  seen.length = 0;
  const config = await validateConfig({ model, components: { transformer: path }, plugins: [use], generate });
  const found = inspectConfig(config).components.find(({ name }) => name === "transformer")!;
  expect(found.source).toMatchObject({ path, format: "toy", layout: "diffusers" });
  expect(found.dtypes).toEqual(["float32", "toy:eight"]);
  expect(found.storedBytes).toBeLessThan(2 * found.parameters);
  const weight = seen.find(({ name }) => name === query)!;
  expect(weight.packed).toMatchObject({ format: "toy:eight", parameters: { scale: expect.any(Number) } });
  expect(config.model.checkpoint.component("transformer").format).toBe("toy");

  const weights = config.model.checkpoint.component("transformer").weights();
  const codes = weights.packed!(query)!.tensors.codes!.read().data as Int8Array;
  const { scale } = weights.packed!(query)!.parameters as { scale: number };
  expect([...weights.readFloat32(query)]).toEqual([...codes].map((code) => Math.fround(code * scale)));
  expect(weights.identity(root)).toMatch(/^[0-9a-f]{64}$/);
  weights.close();
});

it("stays packed where the names are converted, as far as rows can be cut", () => {
  const path = write(join(root, "original.toy"), toyFile(originalZImage(transformer)));
  const weights = openCheckpoint(model, { components: { transformer: path }, formats: [toy] })
    .component("transformer")
    .weights();
  expect(weights.layout).toBe("ComfyUI");
  expect(weights.format).toBe("toy");
  const key = weights.packed!("layers.0.attention.to_k.weight")!;
  const whole = weights.readFloat32("layers.0.attention.to_k.weight");
  expect(key.tensors.codes!.shape).toEqual(weights.entry("layers.0.attention.to_k.weight").shape);
  const { scale } = key.parameters as { scale: number };
  expect([...(key.tensors.codes!.read().data as Int8Array)].map((code) => Math.fround(code * scale))).toEqual([
    ...whole,
  ]);
  weights.close();
});

it("is packed no more where a LoRA changes it", () => {
  const path = write(join(root, "b.toy"), toyFile(transformer));
  const source = openCheckpoint(model, { components: { transformer: path }, formats: [toy] })
    .component("transformer")
    .weights();
  const [rows, columns] = source.entry(query).shape as [number, number];
  const ones = (...shape: [number, number]) => ({
    dtype: "float32" as const,
    shape,
    bytes: new Float32Array(shape[0] * shape[1]).fill(1),
  });
  const file = write(join(root, "lora.safetensors"), safetensors({ down: ones(1, columns), up: ones(rows, 1) }));
  const plain = source.readFloat32(query);
  const tensors = { down: "down", up: "up" };
  const update = { file, kind: "LoRA" as const, tensors, factor: 0.5, parts: [{ at: 0, from: 0, count: rows }] };
  const merged = MergedWeights.open(source, new Map([[query, [update]]]));
  expect(merged.packed(query)).toBeUndefined();
  expect(merged.packed("layers.0.attention.to_k.weight")).toBeDefined();
  expect(merged.readFloat32(query)[5]).toBe(Math.fround(plain[5]! + 0.5));
  expect(merged.format).toBe("toy");
  merged.close();
});

it("may be a folder whose config names it, or safetensors that look like it", () => {
  const config = JSON.parse(readFileSync(join(model, "transformer/config.json"), "utf8"));
  const tensors = Object.fromEntries(transformer);
  tensors["layers.0.gain"] = { dtype: "int8", shape: [3], bytes: Int8Array.of(-1, 0, 2) };
  tensors["layers.0.gain.toy_scale"] = vector(0.5);
  const folder = join(root, "folder");
  write(join(folder, "diffusion_pytorch_model.safetensors"), safetensors(tensors));
  write(join(folder, "config.json"), JSON.stringify({ ...config, quantization_config: { quant_method: "toy" } }));
  const open = (path: string, formats?: WeightFormat[]) =>
    openCheckpoint(model, { components: { transformer: path }, ...(formats ? { formats } : {}) });
  const component = open(folder, [toy]).component("transformer");
  expect(component.format).toBe("toy");
  expect(component.config).not.toHaveProperty("quantization_config");
  const inFile = open(join(folder, "diffusion_pytorch_model.safetensors"), [toy]).component("transformer");
  for (const weights of [component.weights(), inFile.weights()]) {
    expect([...weights.readFloat32("layers.0.gain")]).toEqual([-0.5, 0, 1]);
    expect(weights.has("layers.0.gain.toy_scale")).toBe(false);
    weights.close();
  }
  expect(thrown(() => open(folder))).toBe(
    `SKIPSTEP_FILE_FORMAT: ${join(folder, "config.json")} has weights that are quantized with "toy", which Skipstep does not read. Give a safetensors file or a diffusers folder that is not quantized.`,
  );
});

it("names the plugin to add", async () => {
  const config = JSON.parse(readFileSync(join(model, "transformer/config.json"), "utf8"));
  const folder = join(root, "bnb");
  write(join(folder, "diffusion_pytorch_model.safetensors"), safetensors(Object.fromEntries(transformer)));
  write(join(folder, "config.json"), JSON.stringify({ ...config, quantization_config: { load_in_4bit: true } }));
  await expect(validateConfig({ model, components: { transformer: folder }, generate })).rejects.toThrow(
    'which @skipstep/plugin-bnb reads. Add it with: pnpm add @skipstep/plugin-bnb, and to the config: "plugins": [{ "use": "@skipstep/plugin-bnb" }].',
  );
});

it("tells of a reader that fails by the plugin's name", () => {
  const path = write(join(root, "broken.toy"), "no toy at all");
  expect(thrown(() => openCheckpoint(model, { components: { transformer: path }, formats: [toy] }))).toContain(
    `SKIPSTEP_HOOK_FAILED: Plugin "toy" failed in reading ${path}: `,
  );
});
