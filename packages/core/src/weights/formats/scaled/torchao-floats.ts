import { isObject, type JsonObject } from "../../../schema/json";
import { blockScales } from "./block-scales";
import { multiplyTiles } from "./grid";
import { fourBitFloats, unpackNibbles } from "./nibbles";
import type { ModuleWeight, StoredModule } from "./stored-module";

/** torchao's MXTensor: 8- or 4-bit floats, and a power of two for 32 of them. `undefined` for other elements. */
export function mxWeight(module: StoredModule, data: JsonObject): ModuleWeight | undefined {
  const element = isObject(data.elem_dtype) ? String(data.elem_dtype._data) : "";
  const isHalf = element === "float4_e2m1fn_x2";
  if (!isHalf && !/^float8_e(4m3fn|5m2)$/.test(element)) return undefined;
  return blocks(module, data, `mxfp${isHalf ? 4 : 8}`, isHalf, () => 1);
}

/** torchao's NVFP4Tensor: 4-bit floats, a scale for 16 of them, and one for all. */
export function nvfp4Tensor(module: StoredModule, data: JsonObject): ModuleWeight {
  const isScaled = module.has("_weight_per_tensor_scale");
  return blocks(module, data, "nvfp4", true, () => (isScaled ? module.floats("_weight_per_tensor_scale")[0]! : 1));
}

function blocks(
  module: StoredModule,
  data: JsonObject,
  kind: string,
  isHalf: boolean,
  factor: () => number,
): ModuleWeight {
  const [rows, across] = module.entry("_weight_qdata").shape as [number, number];
  const width = isHalf ? 2 * across : across;
  const block = typeof data.block_size === "number" ? data.block_size : kind === "nvfp4" ? 16 : 32;
  const tiles = blockScales(module, {
    part: "_weight_scale",
    rows,
    width,
    block,
    isSwizzled: data.is_swizzled_scales === true,
    read: () => module.floats("_weight_scale"),
    factor,
  });
  return {
    kind: `torchao:${kind}`,
    shape: [rows, width],
    uses: ["_weight_qdata", "_weight_scale", "_weight_per_tensor_scale"],
    rows(first, count) {
      const values = isHalf
        ? unpackNibbles(module.bytes("_weight_qdata", first, count), fourBitFloats, "low first")
        : module.numbers("_weight_qdata", first, count);
      multiplyTiles(values, tiles, width, first, count);
      return values;
    },
  };
}
