import { type DType, sizeOf } from "../../../tensor";
import { blockScales } from "./block-scales";
import { comfyConfig } from "./comfy-config";
import { multiplyTiles, type Tiles } from "./grid";
import { fourBitFloats, unpackNibbles } from "./nibbles";
import { scaleInputs, scalesOfInputs } from "./scaled-weight";
import type { ModuleWeight, StoredModule } from "./stored-module";

/** Parts beside codes that change nothing, or are read with the scales. */
const beside = ["comfy_quant", "input_scale", "pre_quant_scale"];

/**
 * NVFP4: 4-bit floats, a scale of 8 bits for 16 of them, and one for all. ComfyUI keeps the first of two in the upper
 * half of a byte and the scales in cuBLAS's order; ModelOpt's and BFL's files have the lower half and rows.
 */
export function nvfp4Weight(module: StoredModule): ModuleWeight | undefined {
  if (!module.has("weight") || module.entry("weight").dtype !== "uint8") return undefined;
  if (!module.has("weight_scale") || !module.has("weight_scale_2")) return undefined;
  const { format } = comfyConfig(module);
  if (format !== undefined && format !== "nvfp4") return undefined;
  const isComfy = format === "nvfp4";
  const [rows = 1, half = 1] = module.entry("weight").shape;
  const width = 2 * half;
  const tiles = blockScales(module, {
    part: "weight_scale",
    rows,
    width,
    block: 16,
    isSwizzled: isComfy,
    read: storedScales(module, "float8_e4m3fn"),
    factor: () => module.floats("weight_scale_2")[0]!,
  });
  return floats(module, ["weight", "weight_scale", "weight_scale_2"], {
    kind: "nvfp4",
    shape: [rows, width],
    tiles,
    read: (first, count) =>
      unpackNibbles(module.bytes("weight", first, count), fourBitFloats, isComfy ? "high first" : "low first"),
  });
}

/** MXFP8: 8-bit floats, and a power of two for 32 of them. */
export function mxfp8Weight(module: StoredModule): ModuleWeight | undefined {
  if (!module.has("weight") || !module.has("weight_scale")) return undefined;
  const { format } = comfyConfig(module);
  const { dtype, shape } = module.entry("weight");
  const isPowers = module.entry("weight_scale").dtype === "float8_e8m0fnu";
  if (format === undefined ? !(isPowers && dtype.startsWith("float8_e")) : format !== "mxfp8") return undefined;
  const [rows = 1, width = 1] = shape;
  // Language models have powers of two by blocks of rows too: those are read as any other scale.
  if (format === undefined && sizeOf(module.entry("weight_scale").shape) !== rows * Math.ceil(width / 32))
    return undefined;
  const tiles = blockScales(module, {
    part: "weight_scale",
    rows,
    width,
    block: 32,
    isSwizzled: format !== undefined,
    read: storedScales(module, "float8_e8m0fnu"),
    factor: () => 1,
  });
  const stored = dtype === "uint8" ? "float8_e4m3fn" : dtype;
  return floats(module, ["weight", "weight_scale"], {
    kind: "mxfp8",
    shape,
    tiles,
    read: (first, count) => module.numbers("weight", first, count, stored),
  });
}

interface Floats {
  readonly kind: string;
  readonly shape: readonly number[];
  readonly tiles: Tiles;
  read(first: number, count: number): Float32Array;
}

function floats(module: StoredModule, uses: readonly string[], { kind, shape, tiles, read }: Floats): ModuleWeight {
  const [, width = 1] = shape as [number, number];
  const perInput = scalesOfInputs(module, width);
  const weight: ModuleWeight = {
    kind,
    shape,
    uses: [...uses, ...beside],
    rows(first, count) {
      const values = read(first, count);
      multiplyTiles(values, tiles, width, first, count);
      if (perInput) scaleInputs(values, perInput());
      return values;
    },
  };
  return { ...weight, fit: (wanted) => cropped(weight, wanted) };
}

/** ComfyUI fills weights up to whole blocks. */
function cropped(weight: ModuleWeight, wanted: readonly number[]): ModuleWeight | undefined {
  const [rows = 0, width = 0] = weight.shape;
  const [height = 0, columns = 0] = wanted;
  const isLess = (part: number, whole: number): boolean => part > whole - 32 && part <= whole;
  if (wanted.length !== 2 || !isLess(height, rows) || !isLess(columns, width)) return undefined;
  return {
    ...weight,
    shape: wanted,
    rows(first, count) {
      const whole = weight.rows(first, count);
      const values = new Float32Array(count * columns);
      for (let row = 0; row < count; row++)
        values.set(whole.subarray(row * width, row * width + columns), row * columns);
      return values;
    },
  };
}

/** Scales of 8 bits. @param type what they are where they are kept as bytes */
function storedScales(module: StoredModule, type: DType): () => Float32Array {
  const { shape, dtype } = module.entry("weight_scale");
  return () => module.numbers("weight_scale", 0, shape[0] ?? 1, dtype === "uint8" ? type : dtype);
}
