import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkpointPayload } from "../src/graph/payload";
import { ownCatalogue } from "../src/start/catalogue";
import { type DType, itemSize, sizeOf } from "../src/tensor";
import { openComponent } from "../src/weights/checkpoint/component";
import { safetensorsName } from "../src/weights/checkpoint/dtypes";
import { isPacked } from "../src/weights/formats/is-packed";
import { readWeightFile } from "../src/weights/single-file/weight-file";
import { temporaryFolder, thrown, withHeader, write } from "./checkpoint-files";

const root = temporaryFolder();

/** `"int8 4 8"`: a type, of core or of a header, and a shape. */
type Sketch = Readonly<Record<string, string>>;

/** A file of zeros. */
function sketch(tensors: Sketch, metadata: Record<string, string> = {}): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, text] of Object.entries(tensors)) {
    const [type = "", ...sizes] = text.split(" ");
    const shape = sizes.map(Number);
    const isKnown = Object.hasOwn(itemSize, type);
    const byteLength = isKnown ? sizeOf(shape) * itemSize[type as DType] : 1;
    header[name] = {
      dtype: isKnown ? safetensorsName(type as DType) : type,
      shape,
      data_offsets: [end, end + byteLength],
    };
    end += byteLength;
  }
  return withHeader(JSON.stringify(header), new Uint8Array(end));
}

/** What reading it as a file, and as a component, throws. */
function refusals(tensors: Sketch, quantization_config?: object, metadata?: Record<string, string>): string[] {
  const path = write(join(root, "file.safetensors"), sketch(tensors, metadata));
  const folder = join(root, "component");
  write(join(folder, "diffusion_pytorch_model.safetensors"), sketch(tensors, metadata));
  write(
    join(folder, "config.json"),
    JSON.stringify({ _class_name: "Tiny", ...(quantization_config ? { quantization_config } : {}) }),
  );
  const part = { name: "transformer", library: "diffusers", className: "Tiny", folder };
  const asComponent = thrown(() => openComponent(part, ownCatalogue.reading).weights().close());
  return [thrown(() => readWeightFile({ path }).open().close()), asComponent];
}

function expectRefused(tensors: Sketch, ...words: readonly string[]): void {
  for (const refusal of refusals(tensors)) for (const word of words) expect(refusal).toContain(word);
}

describe("a weight in few bits beside a tensor that nobody reads", () => {
  it.each([
    ["fp8 with an unknown scale", { "x.weight": "float8_e4m3fn 4 8", "x.scales": "float32 4" }, "x.scales"],
    [
      "fp8 with a scale that is read and another",
      { "x.weight": "float8_e4m3fn 4 8", "x.weight_scale": "float32", "x.weight_zero_point": "float32" },
      "x.weight_zero_point",
    ],
    ["int8 with a zero point alone", { "x.weight": "int8 4 8", "x.zero_point": "float32 4" }, "x.zero_point"],
    ["uint8 with part of its state", { "x.weight": "uint8 4 8", "x.weight.shape": "int64 2" }, "x.weight.shape"],
    [
      "fp8 with a part of two words",
      { "x.weight": "float8_e5m2 4 8", "x.weight.state.a": "float32 2" },
      "x.weight.state.a",
    ],
    [
      "an attention's fused weight",
      { "x.in_proj_weight": "float8_e5m2 4 8", "x.in_proj_weight_scale": "float32" },
      "x.in_proj_weight_scale",
    ],
    [
      "an attention's fused weight with a part",
      { "x.in_proj_weight": "float8_e4m3fn 4 8", "x.in_proj_weight.scale": "float32" },
      "x.in_proj_weight.scale",
    ],
    [
      "an attention's fused weight with a scale of the module",
      { "x.in_proj_weight": "float8_e4m3fn 4 8", "x.in_proj_bias": "float16 4", "x.in_proj_scale": "float32" },
      "x.in_proj_scale",
    ],
    [
      "a scale of a type that is not read",
      { "x.weight": "float8_e4m3fn 4 8", "x.weight_scale_3": "F6_E2M3 4" },
      "x.weight_scale_3",
    ],
    [
      "a weight of a type that is not read",
      { "x.weight": "F4 4 8", "x.weight_scale_3": "float32 4" },
      "x.weight_scale_3",
    ],
    ["SDNQ with one more", { "x.weight": "int8 4 8", "x.scale": "float32 4 1", "x.magic": "float32 4" }, "x.magic"],
    [
      "quanto with one more",
      { "x.weight._data": "int8 4 8", "x.weight._scale": "float32 4 1", "x.weight._bias": "float32 4" },
      "x.weight._bias",
    ],
    ["bool", { "x.weight": "bool 4 8", "x.mask": "float32 4" }, "x.mask"],
  ])("%s", (_, tensors, sibling) => {
    const weight = sibling.includes("in_proj") ? '"x.in_proj_weight"' : '"x.weight"';
    expectRefused(tensors as Sketch, "SKIPSTEP_QUANTIZED_UNREAD: ", weight, `"${sibling}"`);
  });

  it.each([
    ["bias", { "x.weight": "float16 4 8", "x.bias": "float8_e4m3fn 4", "x.bias_scale": "float32" }, "x.bias_scale"],
    ["table", { "x.table": "float8_e5m2 4 8", "x.table.scale": "float32" }, "x.table.scale"],
    ["token", { pad_token: "float8_e4m3fn 1 8", pad_token_scale: "float32" }, "pad_token_scale"],
  ])("may be no weight but a %s", (_, tensors, sibling) => {
    expectRefused(tensors as Sketch, "SKIPSTEP_QUANTIZED_UNREAD: ", `"${sibling.replace(/.scale$/, "")}"`, sibling);
  });

  it("is no number by itself when it is a bias of whole numbers", () => {
    expectRefused({ "x.weight": "float16 4 8", "x.bias": "int8 4" }, "SKIPSTEP_QUANTIZED_UNREAD: ", '"x.bias" is int8');
  });

  it.each(["int8", "uint8", "bool", "int16", "int32"])("is no number by itself when it is %s", (dtype) => {
    expectRefused({ "x.weight": `${dtype} 4 8` }, "SKIPSTEP_QUANTIZED_UNREAD: ", '"x.weight"', dtype);
  });

  it("is a number when it is a float of 8 bits with a bias, and other types beside it stop nothing", () => {
    const tensors = {
      "x.weight": "float8_e4m3fn 4 8",
      "x.bias": "float8_e4m3fn 4",
      "y.position_ids": "int64 1 4",
      spiece_model: "uint8 9",
      "z.table": "F4 8",
      alphas_cumprod: "float8_e4m3fn 10",
      alphas_cumprod_prev: "float8_e4m3fn 10",
      "x.norm.query_norm.scale": "float8_e4m3fn 4",
      "a.in_proj_weight": "float8_e4m3fn 12 4",
      "a.in_proj_bias": "float8_e4m3fn 12",
      "a.out_proj.weight": "float8_e4m3fn 4 4",
    };
    expect(refusals(tensors)).toEqual(["nothing was thrown", "nothing was thrown"]);
  });
});

describe("a form that is known by name", () => {
  it.each([
    [
      "a GPTQ file",
      { "x.qweight": "int32 1 8", "x.qzeros": "int32 1 1", "x.scales": "float16 1 8", "x.g_idx": "int32 8" },
    ],
    ["a GPTQ file", { "x.qweight": "int32 1 8", "x.qzeros": "int32 1 1", "x.scales": "float16 1 8" }],
    ["an AWQ file", { "x.qweight": "int32 8 1", "x.qzeros": "int32 1 1", "x.scales": "float16 1 8" }],
    ["an EXL2 file", { "x.q_weight": "int32 8 1", "x.q_scale": "int32 1 1", "x.q_invperm": "int32 8" }],
    ["an EXL3 file", { "x.trellis": "int16 8 1 4", "x.suh": "float16 8", "x.svh": "float16 8" }],
    ["an HQQ file", { "x.W_q": "uint8 8 1", "x.scale": "float16 8" }],
    ["a compressed-tensors file", { "x.weight_packed": "int32 8 1", "x.weight_scale": "float16 8 1" }],
  ])("%s", (kind, tensors) => {
    expectRefused(tensors as Sketch, `SKIPSTEP_FILE_FORMAT: ${root}`, `is ${kind}`, "which Skipstep does not read");
  });

  it("SVDQuant's and bitsandbytes' are sent to their plugins", () => {
    expectRefused({ "x.qweight": "int8 8 8", "x.wscales": "float16 1 8" }, "@skipstep/plugin-svdquant");
    expectRefused({ "x.weight": "uint8 32 1", "x.weight.absmax": "float32 1" }, "@skipstep/plugin-bnb");
  });

  it("a format of ComfyUI's that is not read", () => {
    const layers = { x: { format: "hybrid_mxfp6" } };
    const metadata = { _quantization_metadata: JSON.stringify({ layers }) };
    const tensors = { "x.weight": "uint8 4 8", "x.weight_scale": "float32 4" };
    for (const refusal of refusals(tensors, undefined, metadata))
      expect(refusal).toContain('"x.weight" is quantized in the ComfyUI format "hybrid_mxfp6" (comfy_quant)');
  });

  it.each([
    ["modelopt", "modelopt"],
    ["auto-round", "auto-round"],
    ["gptq", "gptq"],
  ])("a config's %s", (quant_method) => {
    expect(refusals({ "x.weight": "float32 4" }, { quant_method })[1]).toContain(
      `quantized with "${quant_method}", which Skipstep does not read`,
    );
  });

  it.each([
    [
      "uint1",
      { "x.weight": "int64 4", "x.scale": "float32 4 1", "x.zero_point": "float32 4 1" },
      { weights_dtype: "uint1" },
    ],
    [
      "quantized scales",
      { "x.weight": "int8 4 8", "x.scale": "uint8 4 1", "x.scale_2": "float32 1" },
      { weights_dtype: "int8" },
    ],
  ])("SDNQ's %s", (what, tensors, words) => {
    const [, component] = refusals(tensors as Sketch, { quant_method: "sdnq", ...words });
    expect(component).toContain("SKIPSTEP_QUANTIZED_UNREAD");
    expect(component).toContain(what);
  });

  it("a class of torchao's, for one kind of hardware", () => {
    const metadata = { "x.weight": JSON.stringify({ _type: "Int4TilePackedTo4dTensor", _data: {} }) };
    const tensors = { "x._weight_qdata": "int32 1 1 32 4", "x._weight_scale_and_zero": "bfloat16 1 8 2" };
    for (const refusal of refusals(tensors, undefined, metadata))
      expect(refusal).toContain("torchao's Int4TilePackedTo4dTensor, which Skipstep does not read");
  });
});

describe("scales that do not fit", () => {
  it.each([
    ["x.weight_scale", { "x.weight": "float8_e4m3fn 6 8", "x.weight_scale": "float32 5" }, { quant_method: "fp8" }],
    [
      "x.weight_scale_inv",
      { "x.weight": "float8_e4m3fn 300 8", "x.weight_scale_inv": "float32 2 1" },
      { quant_method: "fp8", weight_block_size: [128, 128] },
    ],
    [
      "x.scale",
      { "x.weight": "uint8 9", "x.scale": "float32 4 1", "x.zero_point": "float32 4 1" },
      { quant_method: "sdnq", weights_dtype: "uint4" },
    ],
    [
      "x.weight_scale",
      { "x.weight": "uint8 4 8", "x.weight_scale": "float8_e4m3fn 4 3", "x.weight_scale_2": "float32" },
      { quant_method: "bfl" },
    ],
    ["x.weight._scale", { "x.weight._data": "int8 4 8", "x.weight._scale": "float32 3 1" }, { quant_method: "quanto" }],
  ])("%s %j", (tensor, tensors, config) => {
    const [, component] = refusals(tensors as Sketch, config);
    expect(component).toContain("SKIPSTEP_QUANTIZED_INVALID: ");
    expect(component).toContain(`"${tensor}"`);
  });
});

it("scales of inputs that are more or fewer than a row's elements are refused", () => {
  const tensors = { "x.weight": "float8_e4m3fn 4 8", "x.weight_scale": "float32", "x.pre_quant_scale": "float32 7" };
  for (const refusal of refusals(tensors))
    expect(refusal).toMatch(/^SKIPSTEP_QUANTIZED_INVALID: .*"x.pre_quant_scale" is \[7\], which fits no rows of 8/);
});

const torchao = (type: string, data: object = {}) => ({ "x.weight": JSON.stringify({ _type: type, _data: data }) });

it("torchao's scales of inputs that are more or fewer than a row's elements are refused", () => {
  const tensors = { "x._weight_qdata": "int8 4 8", "x._weight_scale": "float32 4 1" };
  const scaled = (count: number): Sketch => ({ ...tensors, "x._weight_act_pre_scale": `float32 ${count}` });
  for (const refusal of refusals(scaled(7), undefined, torchao("Int8Tensor")))
    expect(refusal).toMatch(
      /^SKIPSTEP_QUANTIZED_INVALID: .*"x._weight_act_pre_scale" is \[7\], which fits no rows of 8/,
    );
  for (const refusal of refusals(scaled(8), undefined, torchao("Int8Tensor")))
    expect(refusal).toBe("nothing was thrown");
});

describe("4-bit groups of a row", () => {
  const parts = (width: number, scale: string, zero: string): Sketch => ({
    "x._weight_qdata": `int8 4 ${width / 2}`,
    "x._weight_scale": `float32 ${scale}`,
    "x._weight_zero_point": `float32 ${zero}`,
  });

  it.each([
    ["that do not make it up", parts(10, "3 4", "3 4"), {}, "scale", "[3, 4]"],
    ["of a size that is no integer", parts(10, "4 4", "4 4"), { block_size: [1, 2.5] }, "scale", "[4, 4]"],
    ["with scales of other rows", parts(10, "5 3", "5 4"), {}, "scale", "[5, 3]"],
    ["with zeros of other rows", parts(10, "5 4", "4 5"), {}, "zero_point", "[4, 5]"],
    ["with zeros of other groups", parts(10, "5 4", "3 4"), {}, "zero_point", "[3, 4]"],
    ["with scales of three axes", parts(10, "5 4 2", "5 4"), {}, "scale", "[5, 4, 2]"],
  ])("of torchao, %s", (_, tensors, data, part, shape) => {
    for (const refusal of refusals(tensors, undefined, torchao("Int4Tensor", data))) {
      expect(refusal).toContain("SKIPSTEP_QUANTIZED_INVALID");
      expect(refusal).toContain(`"x._weight_${part}" is ${shape}, which fits no weight [4, 10]`);
    }
  });

  it("of torchao that make it up, of a size that is not told, are read", () => {
    expect(refusals(parts(10, "5 4", "5 4"), undefined, torchao("Int4Tensor"))[0]).toBe("nothing was thrown");
  });

  it("of ComfyUI that do not make it up", () => {
    const tensors = { "x.weight": "uint8 4 5", "x.weight_scale": "float32 3 4", "x.weight_zeros": "float32 3 4" };
    const metadata = { _quantization_metadata: JSON.stringify({ layers: { x: { format: "awq_w4a16" } } }) };
    for (const refusal of refusals(tensors, undefined, metadata))
      expect(refusal).toContain('"x.weight_scale" is [3, 4], which fits no weight [4, 10]');
  });
});

it("a table of whole numbers is refused once a model asks for it", () => {
  const path = write(join(root, "table.safetensors"), sketch({ "x.table": "int8 4 8", "x.ids": "int64 4" }));
  const weights = readWeightFile({ path }).open();
  expect(thrown(() => checkpointPayload(weights, "x.table", [4, 8], "as-is"))).toMatch(
    /^SKIPSTEP_QUANTIZED_UNREAD: .*"x.table" is int8/,
  );
  weights.close();
});

it("a format of ComfyUI's that is read, without its scale, is told to lack it", () => {
  const metadata = { _quantization_metadata: JSON.stringify({ layers: { x: { format: "float8_e4m3fn" } } }) };
  for (const refusal of refusals({ "x.weight": "float8_e4m3fn 4 8" }, undefined, metadata))
    expect(refusal).toMatch(/"x.weight" is in the ComfyUI format "float8_e4m3fn", and has no "x.weight_scale"/);
});

it("packed files are told from their headers, so that the hub brings them before they are judged", () => {
  const entries = (tensors: Record<string, DType>) => Object.entries(tensors).map(([name, dtype]) => ({ name, dtype }));
  for (const tensors of [
    { "x.weight": "int8" },
    { "x.weight": "float8_e4m3fn", "x.scale": "float32" },
    { "x.weight_scale_inv": "float32" },
    { "x._weight_qdata": "int8" },
    { "x.weight._data": "int8" },
  ] as const)
    expect(isPacked(entries(tensors)), JSON.stringify(tensors)).toBe(true);
  expect(isPacked(entries({ "x.weight": "float8_e4m3fn", "x.bias": "float32", "norm.scale": "float32" }))).toBe(false);
});

describe("a form whose numbers are missing or odd", () => {
  it.each([0, false, -4, 1.5, "x"])("SDNQ's rotation in groups of %s", (size) => {
    const words = { quant_method: "sdnq", weights_dtype: "int8", use_hadamard: true, hadamard_group_size: size };
    const [, refusal] = refusals({ "x.weight": "int8 4 8", "x.scale": "float32 4 1" }, words);
    expect(refusal).toContain("SKIPSTEP_QUANTIZED_INVALID");
    expect(refusal).toContain(`"hadamard_group_size" must be an integer >= 1, found ${JSON.stringify(size)}`);
  });

  it.each([0, 0.25, 2, 16, "x"])("ComfyUI's rotation in groups of %s", (size) => {
    const words = { format: "int8_tensorwise", convrot: true, convrot_groupsize: size };
    const metadata = { _quantization_metadata: JSON.stringify({ layers: { x: words } }) };
    for (const refusal of refusals({ "x.weight": "int8 4 8", "x.weight_scale": "float32 4 1" }, undefined, metadata)) {
      expect(refusal).toContain("SKIPSTEP_QUANTIZED_INVALID");
      expect(refusal).toContain(`"x.weight" [4, 8] is rotated in groups of ${Number(size)}, which`);
    }
  });

  it.each(["Int8Tensor", "Int4Tensor", "MXTensor", "NVFP4Tensor"])("torchao's %s without scales", (type) => {
    const data = { elem_dtype: { _type: "torch.dtype", _data: "float8_e4m3fn" } };
    for (const refusal of refusals({ "x._weight_qdata": "int8 4 8" }, undefined, torchao(type, data)))
      expect(refusal).toContain('"x._weight_scale" is missing');
  });
});
