import { formUnread } from "../../../errors/quantized";
import { transposed } from "../../../graph/payload";
import { isObject, type JsonObject } from "../../../schema/json";
import { parseJson } from "../../../schema/parse-json";
import { addTiles, gridOf, kept, multiplyTiles, type Tiles } from "./grid";
import { fourBitSigned, unpackNibbles } from "./nibbles";
import { scaleInputs } from "./scaled-weight";
import type { ModuleWeight, StoredModule } from "./stored-module";
import { mxWeight, nvfp4Tensor } from "./torchao-floats";

/** Parts of a tensor that say how inputs are rounded. */
const beside = ["act_quant_scale", "act_quant_zero_point", "act_per_tensor_scale", "act_scale"];

/**
 * A weight as torchao flattens it for safetensors, https://github.com/pytorch/ao: its parts are tensors, and the file's
 * metadata tells its class and sizes.
 * @throws SKIPSTEP_QUANTIZED_UNREAD for a class whose order is that of one kind of hardware
 */
export function torchaoWeight(module: StoredModule): ModuleWeight | undefined {
  if (!module.has("_weight_qdata")) return undefined;
  const { type, data } = describe(module);
  const made = read(module, type, data);
  if (!made) throw formUnread(module.file.path, `${module.name}.weight`, `torchao's ${type}`);
  const names = [...module.parts.keys()].filter((part) => beside.includes(part.replace("_weight_", "")));
  if (!module.has("_weight_act_pre_scale")) return { ...made, uses: [...made.uses, ...names] };
  const scales = kept(() => module.floats("_weight_act_pre_scale"));
  return {
    ...made,
    uses: [...made.uses, ...names, "_weight_act_pre_scale"],
    rows(first, count) {
      const values = made.rows(first, count);
      scaleInputs(values, scales());
      return values;
    },
  };
}

function read(module: StoredModule, type: string, data: JsonObject): ModuleWeight | undefined {
  if (type === "Int8Tensor" || type === "Float8Tensor" || type === "IntxUnpackedToInt8Tensor")
    return affine(module, data);
  if (type === "Int4Tensor") return int4(module, data);
  if (type === "MXTensor") return mxWeight(module, data);
  return type === "NVFP4Tensor" ? nvfp4Tensor(module, data) : undefined;
}

function describe(module: StoredModule): { readonly type: string; readonly data: JsonObject } {
  const text = module.file.metadata()[`${module.name}.weight`];
  const words: unknown = typeof text === "string" ? parse(text) : undefined;
  if (!isObject(words) || typeof words._type !== "string" || !isObject(words._data))
    throw module.broken("_weight_qdata", "is of a class that the file's metadata does not tell");
  return { type: words._type, data: words._data };
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined; // told by the caller, with the tensor's name
  }
}

/** `(code - zero_point) scale` by blocks. */
function affine(module: StoredModule, data: JsonObject): ModuleWeight {
  const { dtype, shape } = module.entry("_weight_qdata");
  const [rows, width] = shape as [number, number];
  const tiles = (part: string): Tiles => tilesOf(module, part, rows, width, data);
  const scale = tiles("_weight_scale");
  const zero = module.has("_weight_zero_point") ? tiles("_weight_zero_point") : undefined;
  const target = isObject(data.target_dtype) ? String(data.target_dtype._data) : dtype;
  return {
    kind: `torchao:${target}`,
    shape,
    uses: ["_weight_qdata", "_weight_scale", "_weight_zero_point"],
    rows(first, count) {
      const values = module.numbers("_weight_qdata", first, count);
      if (zero) addTiles(values, zero, -1, width, first, count);
      multiplyTiles(values, scale, width, first, count);
      return values;
    },
  };
}

/** Two codes a byte; `code scale + zero_point`, both `[groups, rows]`. */
function int4(module: StoredModule, data: JsonObject): ModuleWeight {
  const [rows, half] = module.entry("_weight_qdata").shape as [number, number];
  const width = 2 * half;
  const [groups = 1, across] = module.entry("_weight_scale").shape;
  const block = blockOf(data) ?? [1, width / groups];
  const grid = across === rows ? gridOf(rows, width, [rows, groups], block) : undefined;
  if (!grid)
    throw module.broken("_weight_scale", `is [${groups}, ${across}], which fits no weight [${rows}, ${width}]`);
  const turned = (part: string): Tiles => ({
    grid,
    read: kept(() => transposed(module.floats(part), groups, rows)),
  });
  const [scale, zero] = [turned("_weight_scale"), turned("_weight_zero_point")];
  return {
    kind: "torchao:int4",
    shape: [rows, width],
    uses: ["_weight_qdata", "_weight_scale", "_weight_zero_point"],
    rows(first, count) {
      const values = unpackNibbles(module.bytes("_weight_qdata", first, count), fourBitSigned, "low first");
      multiplyTiles(values, scale, width, first, count);
      addTiles(values, zero, 1, width, first, count);
      return values;
    },
  };
}

function tilesOf(module: StoredModule, part: string, rows: number, width: number, data: JsonObject): Tiles {
  const { shape } = module.entry(part);
  const grid = gridOf(rows, width, shape, blockOf(data));
  if (!grid) throw module.broken(part, `is [${shape.join(", ")}], which fits no weight [${rows}, ${width}]`);
  return { grid, read: kept(() => module.floats(part)) };
}

/** `block_size`: rows and columns that share a scale. */
function blockOf({ block_size: size }: JsonObject): readonly [number, number] | undefined {
  return Array.isArray(size) && size.length === 2 ? (size as [number, number]) : undefined;
}
