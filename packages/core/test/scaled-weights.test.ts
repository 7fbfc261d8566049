import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPipeline, inspectConfig, validateConfig } from "../src/index";
import { float32BitsOf } from "../src/weights/checkpoint/small-floats";
import { toFloat32 } from "../src/weights/checkpoint/to-float32";
import { safetensors, temporaryFolder, withHeader, write } from "./checkpoint-files";
import { openCheckpoint } from "./open-known";
import { originalZImage, type Stored, type StoredTensors } from "./original-names";
import { readSafetensors } from "./read-safetensors";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/z-image");
const root = temporaryFolder();

const transformer: StoredTensors = new Map(
  readdirSync(join(model, "transformer"))
    .filter((name) => name.endsWith(".safetensors"))
    .flatMap((name) => [...readSafetensors(join(model, "transformer", name))])
    .map(([name, { dtype, shape, data }]) => [name, { dtype, shape, bytes: data }]),
);

type Fp8 = "float8_e4m3fn" | "float8_e5m2";
type Tensors = Map<string, Stored>;

/** One scale for so many rows and columns. */
interface Block {
  readonly rows: number;
  readonly columns: number;
}

/** Every matrix of the first layer as 8-bit codes and scales, and all tensors as they are read back. */
function quantized(
  tensors: StoredTensors,
  dtype: Fp8 | "int8",
  block: (rows: number, columns: number) => Block,
  name: (module: string) => string,
  scaleShape: (down: number, across: number) => readonly number[],
): { readonly stored: Tensors; readonly values: Map<string, Float32Array> } {
  const stored: Tensors = new Map(tensors);
  const values = new Map<string, Float32Array>();
  for (const [tensor, { dtype: type, shape, bytes }] of tensors) {
    const numbers = toFloat32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), type);
    values.set(tensor, numbers);
    if (shape.length !== 2 || !tensor.startsWith("layers.0.") || !tensor.endsWith(".weight")) continue;
    const [rows, columns] = shape as [number, number];
    const size = block(rows, columns);
    const [down, across] = [Math.ceil(rows / size.rows), Math.ceil(columns / size.columns)];
    const codes = new Uint8Array(numbers.length);
    const scales = new Float32Array(down * across);
    const read = new Float32Array(numbers.length);
    const tile = (i: number): number =>
      Math.floor(Math.floor(i / columns) / size.rows) * across + Math.floor((i % columns) / size.columns);
    const largest = dtype === "int8" ? 127 : dtype === "float8_e4m3fn" ? 448 : 57344;
    for (const [i, x] of numbers.entries()) scales[tile(i)] = Math.max(scales[tile(i)]!, Math.abs(x) / largest);
    for (const [i, x] of numbers.entries()) {
      const scale = scales[tile(i)]!;
      codes[i] = dtype === "int8" ? Math.round(x / scale) & 255 : nearest(dtype, x / scale);
      read[i] = toFloat32(codes.subarray(i, i + 1), dtype)[0]! * scale;
    }
    stored.set(tensor, { dtype, shape, bytes: codes });
    stored.set(name(tensor.slice(0, -".weight".length)), {
      dtype: "float32",
      shape: scaleShape(down, across),
      bytes: scales,
    });
    values.set(tensor, read);
  }
  return { stored, values };
}

const tables = new Map<Fp8, { readonly values: Float32Array; readonly codes: readonly number[] }>();

/** The code of the nearest value. */
function nearest(dtype: Fp8, value: number): number {
  let table = tables.get(dtype);
  if (!table) {
    const all = new Float32Array(float32BitsOf(dtype).buffer);
    const codes = [...all.keys()].filter((code) => Number.isFinite(all[code]!)).sort((a, b) => all[a]! - all[b]!);
    table = { codes, values: Float32Array.from(codes, (code) => all[code]!) };
    tables.set(dtype, table);
  }
  let [low, high] = [0, table.values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table.values[middle]! > value) high = middle;
    else low = middle;
  }
  return table.codes[value - table.values[low]! < table.values[high]! - value ? low : high]!;
}

/** Reads a file in the place of the golden transformer's. @param values what its tensors stand for, by its own names */
function expectRead(
  stored: StoredTensors,
  values: ReadonlyMap<string, Float32Array>,
  metadata?: Record<string, string>,
): { readonly path: string; readonly formats: readonly string[] } {
  const path = write(join(root, `${Math.random()}.safetensors`), fileOf(stored, metadata));
  const weights = openCheckpoint(model, { components: { transformer: path } })
    .component("transformer")
    .weights();
  for (const [name, expected] of originalOf(values)) {
    const found = weights.readFloat32(name);
    const at = expected.findIndex((x, i) => Math.abs(x - found[i]!) > 1e-7 * Math.abs(x));
    expect(at, `${name} at ${at}: ${found[at]} for ${expected[at]}`).toBe(-1);
  }
  const formats = new Set(weights.names.flatMap((name) => weights.stored?.(name)?.format ?? []));
  weights.close();
  return { path, formats: [...formats] };
}

/** Values by the names that the model asks for: those of rows of ComfyUI's fused tensors. */
function originalOf(values: ReadonlyMap<string, Float32Array>): [string, Float32Array][] {
  return [...values].flatMap(([name, all]): [string, Float32Array][] => {
    if (transformer.has(name)) return [[name, all]];
    const fused = /^(.*)\.attention\.qkv\.weight$/.exec(name);
    if (!fused) return [];
    const part = all.length / 3;
    return ["to_q", "to_k", "to_v"].map((own, i) => [
      `${fused[1]}.attention.${own}.weight`,
      all.subarray(i * part, (i + 1) * part),
    ]);
  });
}

function fileOf(stored: StoredTensors, metadata: Record<string, string> = {}): Buffer {
  const plain = safetensors(Object.fromEntries(stored));
  const length = Number(plain.readBigUInt64LE());
  const header = JSON.parse(plain.toString("utf8", 8, 8 + length));
  return withHeader(JSON.stringify({ ...header, __metadata__: metadata }), plain.subarray(8 + length));
}

const scalar = (value: number): Stored => ({ dtype: "float32", shape: [], bytes: Float32Array.of(value) });
const text = (words: object): Stored => {
  const bytes = new Uint8Array(Buffer.from(JSON.stringify(words)));
  return { dtype: "uint8", shape: [bytes.length], bytes };
};
const modulesOf = (stored: StoredTensors, end: string): string[] =>
  [...stored.keys()].flatMap((name) => (name.endsWith(end) ? [name.slice(0, -end.length)] : []));

const original = originalZImage(transformer);
const whole = (rows: number, columns: number): Block => ({ rows, columns });
const byRow = (_: number, columns: number): Block => ({ rows: 1, columns });

describe("ComfyUI's scaled fp8, as a single file", () => {
  it.each(["float8_e4m3fn", "float8_e5m2"] as const)("of old, %s, one scale a tensor", (dtype) => {
    const { stored, values } = quantized(
      original,
      dtype,
      whole,
      (module) => `${module}.scale_weight`,
      () => [],
    );
    for (const module of modulesOf(stored, ".scale_weight")) stored.set(`${module}.scale_input`, scalar(0.03));
    stored.set("scaled_fp8", { dtype, shape: [2], bytes: new Uint8Array(2) });
    const { formats } = expectRead(stored, values);
    expect(formats).toEqual([`fp8:${dtype.replace("float8_", "")} scaled`]);
  });

  it("under the prefix of a whole checkpoint", () => {
    const { stored, values } = quantized(
      original,
      "float8_e4m3fn",
      whole,
      (module) => `${module}.scale_weight`,
      () => [1],
    );
    const prefixed = new Map([...stored].map(([name, tensor]) => [`model.diffusion_model.${name}`, tensor]));
    prefixed.set("model.diffusion_model.scaled_fp8", { dtype: "float32", shape: [1], bytes: new Float32Array(1) });
    expect(expectRead(prefixed, values).formats).toEqual(["fp8:e4m3fn scaled"]);
  });

  it.each([
    ["[N]", (down: number) => [down]],
    ["[N, 1]", (down: number, across: number) => [down, across]],
  ])("of now, one scale a row %s, told by tensors", (_, shape) => {
    const { stored, values } = quantized(original, "float8_e4m3fn", byRow, (module) => `${module}.weight_scale`, shape);
    for (const module of modulesOf(stored, ".weight_scale")) {
      stored.set(`${module}.comfy_quant`, text({ format: "float8_e4m3fn", full_precision_matrix_mult: true }));
      stored.set(`${module}.input_scale`, scalar(2));
    }
    expect(expectRead(stored, values).formats).toEqual(["fp8:e4m3fn scaled"]);
  });

  it("of now, told by the header, with bytes for floats", () => {
    const { stored, values } = quantized(
      original,
      "float8_e5m2",
      whole,
      (module) => `${module}.weight_scale`,
      () => [],
    );
    const modules = modulesOf(stored, ".weight_scale");
    for (const module of modules)
      stored.set(`${module}.weight`, { ...stored.get(`${module}.weight`)!, dtype: "uint8" });
    const layers = Object.fromEntries(modules.map((module) => [module, { format: "float8_e5m2" }]));
    const metadata = { _quantization_metadata: JSON.stringify({ format_version: "1.0", layers }) };
    expect(expectRead(stored, values, metadata).formats).toEqual(["fp8:e5m2 scaled"]);
  });

  it("of int8 in blocks", () => {
    const block = (): Block => ({ rows: 32, columns: 32 });
    const { stored, values } = quantized(
      original,
      "int8",
      block,
      (module) => `${module}.weight_scale`,
      (...shape) => shape,
    );
    for (const module of modulesOf(stored, ".weight_scale"))
      stored.set(`${module}.comfy_quant`, text({ format: "int8_blockwise", group_size: 32 }));
    expect(expectRead(stored, values).formats).toEqual(["int8 scaled"]);
  });

  it("leaves a weight of full precision that has a scale of one", () => {
    const stored = new Map(original);
    stored.set("layers.1.attention.qkv.scale_weight", scalar(1));
    const { values } = quantized(original, "int8", whole, String, () => []);
    const plain = [...values].filter(([name]) => name.startsWith("layers.1."));
    expect(plain.length).toBeGreaterThan(3);
    expect(expectRead(stored, new Map(plain)).formats).toEqual([]);
  });
});

describe("fp8 in blocks", () => {
  it("of 128 rows and columns with ragged edges, without a config", () => {
    const block = (): Block => ({ rows: 128, columns: 128 });
    const { stored, values } = quantized(
      transformer,
      "float8_e4m3fn",
      block,
      (module) => `${module}.weight_scale_inv`,
      (...shape) => shape,
    );
    const shapes = modulesOf(stored, ".weight_scale_inv").map((module) =>
      stored.get(`${module}.weight_scale_inv`)!.shape.join(),
    );
    expect(new Set(shapes).size).toBeGreaterThan(2);
    const { path, formats } = expectRead(stored, values);
    expect(formats).toEqual(["fp8:e4m3fn scaled"]);
    return drawsAs(path, values);
  });

  it("of the size that a component's config tells", () => {
    const block = (): Block => ({ rows: 48, columns: 40 });
    const { stored, values } = quantized(
      transformer,
      "float8_e4m3fn",
      block,
      (module) => `${module}.weight_scale_inv`,
      (...shape) => shape,
    );
    const folder = join(root, "blocks");
    write(join(folder, "diffusion_pytorch_model.safetensors"), fileOf(stored));
    const config = openCheckpoint(model).component("transformer").config;
    const quantization_config = { quant_method: "fp8", activation_scheme: "dynamic", weight_block_size: [48, 40] };
    write(join(folder, "config.json"), JSON.stringify({ ...config, quantization_config }));
    const weights = openCheckpoint(model, { components: { transformer: folder } })
      .component("transformer")
      .weights();
    for (const [name, expected] of values) expect(weights.readFloat32(name), name).toEqual(expected);
    weights.close();
  });
});

/** An image is that of the unpacked weights, and inspect tells how they are stored. */
async function drawsAs(path: string, values: ReadonlyMap<string, Float32Array>): Promise<void> {
  const unpacked = new Map(
    [...transformer].map(([name, { shape }]): [string, Stored] => [
      name,
      { dtype: "float32", shape, bytes: values.get(name)! },
    ]),
  );
  const plain = write(join(root, "unpacked.safetensors"), fileOf(unpacked));
  const generate = { prompt: "a cat", height: 32, width: 32, num_inference_steps: 2, guidance_scale: 0, seed: 3 };
  const draw = async (transformerFile: string): Promise<Uint8Array> => {
    const pipeline = await createPipeline(
      { model, components: { transformer: transformerFile }, generate },
      { cacheDir: join(root, "cache"), threads: 1 },
    );
    const { images } = await pipeline.generate();
    await pipeline.close();
    return Uint8Array.from(images[0]!.data);
  };
  expect(await draw(path)).toEqual(await draw(plain));
  const { components } = inspectConfig(await validateConfig({ model, components: { transformer: path }, generate }));
  const { dtypes, storedBytes, parameters, source } = components.find(({ name }) => name === "transformer")!;
  expect(dtypes).toEqual(["bfloat16", "fp8:e4m3fn scaled"]);
  expect(source.format).toBe("safetensors");
  expect(storedBytes).toBeLessThan(4 * parameters);
}
