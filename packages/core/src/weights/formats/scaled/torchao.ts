import { formUnread } from "../../../errors/quantized";
import { isObject, type JsonObject } from "../../../schema/json";
import { objectIn } from "../../../schema/parse-json";
import { sizeOf } from "../../../tensor";
import { addTiles, multiplyTiles, type Tiles } from "./grid";
import { groupedNibbles } from "./grouped-nibbles";
import { fourBitSigned } from "./nibbles";
import { scaleInputs, scalesOfInputs } from "./scaled-weight";
import type { ModuleWeight, StoredModule } from "./stored-module";
import { tilesOf } from "./tiles-of";
import { mxWeight, nvfp4Tensor } from "./torchao-floats";

/** What inputs are multiplied by. */
const preScale = "_weight_act_pre_scale";

/** Parts of a tensor that are about inputs: the others say how they are rounded. */
const beside = [
  preScale,
  "_weight_act_quant_scale",
  "_weight_act_quant_zero_point",
  "_weight_act_per_tensor_scale",
  "_weight_act_scale",
];

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
  const perInput = scalesOfInputs(module, sizeOf(made.shape.slice(1)), preScale);
  return {
    ...made,
    uses: [...made.uses, ...beside],
    rows(first, count) {
      const values = made.rows(first, count);
      if (perInput) scaleInputs(values, perInput());
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
  const text = module.file.metadata[`${module.name}.weight`];
  const words = typeof text === "string" ? objectIn(text) : undefined;
  if (!words || typeof words._type !== "string" || !isObject(words._data))
    throw module.broken("_weight_qdata", "is of a class that the file's metadata does not tell");
  return { type: words._type, data: words._data };
}

/** `(code - zero_point) scale` by blocks. */
function affine(module: StoredModule, data: JsonObject): ModuleWeight {
  const { dtype, shape } = module.entry("_weight_qdata");
  const width = sizeOf(shape.slice(1));
  const tiles = (part: string): Tiles => tilesOf(module, part, shape, blockOf(data));
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

function int4(module: StoredModule, data: JsonObject): ModuleWeight {
  const parts = { weight: "_weight_qdata", scale: "_weight_scale", zero: "_weight_zero_point" };
  return { ...groupedNibbles(module, parts, fourBitSigned, blockOf(data)), kind: "torchao:int4" };
}

/** `block_size`: rows and columns that share a scale. */
function blockOf({ block_size: size }: JsonObject): readonly [number, number] | undefined {
  return Array.isArray(size) && size.length === 2 ? (size as [number, number]) : undefined;
}
