import { type DType, sizeOf } from "../../../tensor";
import { comfyConfig } from "./comfy-config";
import { kept, multiplyTiles } from "./grid";
import { isRegular, rotateGroups } from "./hadamard";
import type { ModuleWeight, StoredModule } from "./stored-module";
import { tilesOf } from "./tiles-of";

/** Scales by the names that ComfyUI (of old, and now), fp8 releases of language models, and SDNQ give them. */
const scaleNames = ["weight_scale", "scale_weight", "weight_scale_inv", "scale"];

/** Scales that inputs are rounded with: what rounds weights only does not need them. */
const inputScales = ["input_scale", "scale_input", "activation_scale"];

/** ComfyUI's formats in which a weight is its codes times a scale. */
export const comfyFormats = /^(float8_e4m3fn|float8_e5m2|int8)(_(tensorwise|rowwise|axiswise|blockwise))?$/;

/** Types of 8 bits whose codes are numbers. */
const codeTypes: readonly DType[] = ["float8_e4m3fn", "float8_e5m2", "int8"];

/**
 * 8-bit floats or whole numbers times a scale: of the tensor, of rows, of groups of a row or of blocks. Despite its name
 * `weight_scale_inv` is multiplied too, https://arxiv.org/abs/2412.19437, section 3.3.
 */
export function scaledWeight(module: StoredModule): ModuleWeight | undefined {
  const scaleName = module.has("weight") ? module.first(...scaleNames) : undefined;
  if (scaleName === undefined) return undefined;
  const { format, group, rotation } = comfyConfig(module);
  if (format !== undefined && !comfyFormats.test(format)) return undefined;
  const { shape, dtype: stored } = module.entry("weight");
  const dtype = stored === "uint8" ? (floatIn(format) ?? stored) : stored;
  const isFloat = ["float32", "float16", "bfloat16"].includes(dtype);
  // A scale beside a weight of full precision is ComfyUI's; others may be anything.
  if (!codeTypes.includes(dtype) && !(isFloat && ["weight_scale", "scale_weight"].includes(scaleName)))
    return undefined;
  const uses = ["weight", scaleName, "comfy_quant", ...inputScales, "pre_quant_scale"];
  const width = sizeOf(shape.slice(1));
  const tiles = tilesOf(module, scaleName, shape, group ?? blockOf(module));
  if (rotation !== undefined && !divides(rotation, width))
    throw module.broken(
      "weight",
      `[${shape.join(", ")}] is rotated in groups of ${rotation}, which its rows do not consist of`,
    );
  const perInput = scalesOfInputs(module, width);
  return {
    ...(isFloat ? {} : { kind: kindOf(dtype, rotation) }),
    shape,
    uses,
    rows(first, count) {
      const values = module.numbers("weight", first, count, dtype);
      multiplyTiles(values, tiles, width, first, count);
      if (rotation !== undefined) rotateGroups(values, width, rotation);
      if (perInput) scaleInputs(values, perInput());
      return values;
    },
  };
}

/** Whether groups of a power of 4 make up rows. */
export function divides(group: number, width: number): boolean {
  return isRegular(group) && width % group === 0;
}

/** Scales of a weight's columns, where it has them. @param width elements of its rows @throws SKIPSTEP_QUANTIZED_INVALID */
export function scalesOfInputs(
  module: StoredModule,
  width: number,
  part = "pre_quant_scale",
): (() => Float32Array) | undefined {
  if (!module.has(part)) return undefined;
  const { shape } = module.entry(part);
  if (sizeOf(shape) !== 1 && sizeOf(shape) !== width)
    throw module.broken(part, `is [${shape.join(", ")}], which fits no rows of ${width}`);
  return kept(() => module.floats(part));
}

/** What was taken from inputs, `x * scale`, is given to the weight's columns. */
export function scaleInputs(values: Float32Array, scales: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i]! *= scales[i % scales.length]!;
}

/** The type that bytes are, by a format's name: ComfyUI of old kept 8-bit floats as bytes. */
function floatIn(format: string | undefined): DType | undefined {
  return codeTypes.find((dtype) => dtype !== "int8" && format?.startsWith(dtype));
}

function kindOf(dtype: DType, rotation: number | undefined): string {
  const type = dtype === "int8" ? "int8" : `fp8:${dtype.replace("float8_", "")}`;
  return `${type} scaled${rotation === undefined ? "" : " and rotated"}`;
}

/** `weight_block_size` of a config. */
function blockOf({ file }: StoredModule): readonly [number, number] | undefined {
  const size = file.quantization.weight_block_size;
  return Array.isArray(size) && size.length === 2 ? (size as [number, number]) : undefined;
}
