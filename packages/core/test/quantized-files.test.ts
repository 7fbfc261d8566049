import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ownCatalogue } from "../src/start/catalogue";
import { openComponent } from "../src/weights/checkpoint/component";
import { type OpenWeights, Weights } from "../src/weights/checkpoint/weights";
import { safetensors, temporaryFolder, thrown, withHeader, write } from "./checkpoint-files";

/** Files that each library wrote itself, beside the numbers that it makes of them. */
const golden = join(import.meta.dirname, "../../../test/golden/quantized");
const root = temporaryFolder();

function open(folder: string): OpenWeights {
  return openComponent(
    { name: "transformer", library: "diffusers", className: "Tiny", folder },
    ownCatalogue.reading,
  ).weights();
}

/** Largest difference of one tensor, as a share of its largest number. */
function difference(found: Float32Array, expected: Float32Array): number {
  expect(found.length).toBe(expected.length);
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(found[i]! - value)), 0) / most;
}

const forms: Readonly<Record<string, readonly string[]>> = {
  "sdnq-uint4-mixed": ["sdnq:uint4", "sdnq:int6"],
  "sdnq-uint4-svd": ["sdnq:uint4"],
  "sdnq-int8-turned": ["sdnq:int8"],
  "sdnq-int4-rotated": ["sdnq:int4"],
  "sdnq-codebook": ["sdnq:uint4"],
  "sdnq-types": ["sdnq:int2", "sdnq:uint7", "sdnq:float6_e3m2fn", "sdnq:float5_e2m3fnu", "sdnq:int16"],
  "quanto-int8": ["quanto:int8"],
  "quanto-float8": ["quanto:float8_e4m3fn"],
  "quanto-int4": ["quanto:int4"],
  "quanto-int2": ["quanto:int2"],
  "torchao-int8": ["torchao:int8"],
  "torchao-float8": ["torchao:float8_e4m3fn"],
  "torchao-int4": ["torchao:int4"],
  "torchao-mxfp8": ["torchao:mxfp8"],
  "torchao-floats": ["torchao:mxfp4", "torchao:mxfp8", "torchao:nvfp4"],
  comfyui: ["nvfp4", "mxfp8", "int8 scaled", "int8 scaled and rotated", "int4 scaled and rotated", "fp8:e4m3fn scaled"],
  bfl: ["fp8:e4m3fn scaled", "nvfp4"],
};

it.each(Object.entries(forms))("%s is read as its library reads it", (name, stored) => {
  const folder = join(golden, name);
  const weights = open(folder);
  const expected = Weights.openFile(join(folder, "expected.safetensors"));
  for (const tensor of expected.names) {
    const { shape } = expected.entry(tensor);
    expect(weights.expect(tensor, shape).shape).toEqual(shape);
    const values = expected.readFloat32(tensor);
    expect(difference(weights.readFloat32(tensor), values), tensor).toBeLessThan(5e-7);
    const width = values.length / shape[0]!;
    const rows = new Float32Array(weights.readRows(tensor, 1, 2).slice().buffer);
    if (weights.entry(tensor).dtype === "float32")
      expect(difference(rows, values.subarray(width, 3 * width)), `rows of ${tensor}`).toBeLessThan(5e-7);
  }
  const found = weights.names.flatMap((tensor) => weights.stored!(tensor)?.format ?? []);
  expect([...new Set(found)]).toEqual(expect.arrayContaining([...stored]));
  expect(weights.names.filter((tensor) => !expected.has(tensor))).toEqual([]);
  weights.close();
  expected.close();
});

it.each([
  ["sdnq-uint4-mixed", ["conv.weight", "mix.weight"]], // of types that sizes tell
  ["sdnq-uint4-svd", ["proj.weight", "mix.weight"]],
  ["sdnq-int8-turned", ["proj.weight", "mix.weight"]],
])("%s is read without its config where shapes tell the rest", (name, tensors) => {
  const folder = join(root, name);
  const kept = new Set(tensors.map((tensor) => tensor.slice(0, -".weight".length)));
  const stored = Weights.openFile(join(golden, name, "diffusion_pytorch_model.safetensors"));
  const parts = stored.names.filter((part) => kept.has(part.slice(0, part.lastIndexOf("."))));
  const file = Object.fromEntries(
    parts.map((part) => {
      const { dtype, shape, data } = stored.read(part);
      return [part, { dtype, shape, bytes: data }];
    }),
  );
  stored.close();
  write(join(folder, "config.json"), "{}");
  write(join(folder, "diffusion_pytorch_model.safetensors"), safetensors(file));
  const weights = open(folder);
  const expected = Weights.openFile(join(golden, name, "expected.safetensors"));
  for (const tensor of tensors) {
    weights.expect(tensor, expected.entry(tensor).shape);
    expect(difference(weights.readFloat32(tensor), expected.readFloat32(tensor)), tensor).toBeLessThan(5e-7);
  }
  for (const open of [weights, expected]) open.close();
});

it("packed codes of SDNQ without config, zero point or size are refused by name", () => {
  const folder = join(root, "rotated");
  write(join(folder, "config.json"), "{}");
  const file = join(golden, "sdnq-int4-rotated", "diffusion_pytorch_model.safetensors");
  write(join(folder, "diffusion_pytorch_model.safetensors"), readFileSync(file));
  expect(thrown(() => open(folder))).toMatch(
    /SKIPSTEP_QUANTIZED_UNREAD: .*"\w+\.weight" is uint8, quantized, and "\w+\.scale"/,
  );
});

it("every file is tried", () => {
  const folders = readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual([...Object.keys(forms), "bnb-cpu"].sort());
});

it("a config's words are part of what the weights are", () => {
  const identity = (name: string): string => {
    const weights = open(join(golden, name));
    const hash = weights.identity(root);
    weights.close();
    return hash;
  };
  const plain = Weights.openFile(join(golden, "sdnq-types", "diffusion_pytorch_model.safetensors"));
  expect(identity("sdnq-types")).toMatch(/^[0-9a-f]{64}$/);
  expect(identity("sdnq-types")).not.toBe(plain.identity(root));
  plain.close();
});

it("torchao's Int4Tensor, which only its GPU kernels write, is read by their formula: code scale + zero", () => {
  const [rows, columns, group] = [4, 32, 16];
  const code = (n: number, k: number): number => ((5 * n + 3 * k) % 16) - 8;
  const at = (n: number, g: number): number => g * rows + n; // scales and zeros are [groups, rows]
  const packed = Uint8Array.from({ length: (rows * columns) / 2 }, (_, i) => {
    const [n, k] = [Math.floor((2 * i) / columns), (2 * i) % columns];
    return (code(n, k) & 15) | ((code(n, k + 1) & 15) << 4);
  });
  const scales = Float32Array.from({ length: (rows * columns) / group }, (_, i) => 0.5 + i);
  const zeros = Float32Array.from({ length: (rows * columns) / group }, (_, i) => 8 * i);
  const shape = [columns / group, rows];
  const plain = safetensors({
    "x._weight_qdata": { dtype: "int8", shape: [rows, columns / 2], bytes: packed },
    "x._weight_scale": { dtype: "float32", shape, bytes: scales },
    "x._weight_zero_point": { dtype: "float32", shape, bytes: zeros },
  });
  const length = Number(plain.readBigUInt64LE());
  const words = { _type: "Int4Tensor", _data: { block_size: [1, group], shape: [rows, columns] } };
  const header = {
    ...JSON.parse(plain.toString("utf8", 8, 8 + length)),
    __metadata__: { "x.weight": JSON.stringify(words) },
  };
  const folder = join(root, "int4-tensor");
  write(join(folder, "config.json"), JSON.stringify({ quantization_config: { quant_method: "torchao" } }));
  write(
    join(folder, "diffusion_pytorch_model.safetensors"),
    withHeader(JSON.stringify(header), plain.subarray(8 + length)),
  );
  const weights = open(folder);
  expect(weights.metadata).toEqual(header.__metadata__);
  expect(weights.expect("x.weight", [rows, columns]).dtype).toBe("float32");
  for (const [i, value] of weights.readFloat32("x.weight").entries()) {
    const [n, k] = [Math.floor(i / columns), i % columns];
    const tile = at(n, Math.floor(k / group));
    expect(value).toBe(code(n, k) * scales[tile]! + zeros[tile]!);
  }
  weights.close();
});
