import { formUnread } from "../../../errors/quantized";
import { sizeOf } from "../../../tensor";
import { comfyConfig } from "./comfy-config";
import { gridOf, kept, multiplyTiles } from "./grid";
import { groupedNibbles } from "./grouped-nibbles";
import { rotateGroups } from "./hadamard";
import { fourBitOffset, fourBitSigned, unpackNibbles } from "./nibbles";
import { comfyFormats, divides } from "./scaled-weight";
import type { ModuleWeight, StoredModule } from "./stored-module";

/**
 * ComfyUI's formats of 4-bit whole numbers: rotated weights with one scale a row, and groups with a scale and an offset.
 * @throws SKIPSTEP_QUANTIZED_UNREAD for a format of ComfyUI that no reader knows: this is the last that is asked
 */
export function comfyFourBit(module: StoredModule): ModuleWeight | undefined {
  const { format } = comfyConfig(module);
  if (format === undefined || !module.has("weight")) return undefined;
  if (format === "convrot_w4a4" && module.has("weight_scale")) return rotated(module);
  if (format === "awq_w4a16" && module.has("weight_scale") && module.has("weight_zeros")) return grouped(module);
  const known = comfyFormats.test(format) || /^(nvfp4|mxfp8|convrot_w4a4|awq_w4a16)$/.test(format);
  if (known && !module.has("weight_scale"))
    throw module.broken("weight", `is in the ComfyUI format "${format}", and has no "${module.name}.weight_scale"`);
  throw formUnread(module.file.path, `${module.name}.weight`, `the ComfyUI format "${format}" (comfy_quant)`);
}

function rotated(module: StoredModule): ModuleWeight {
  const [rows = 1, half = 1] = module.entry("weight").shape;
  const width = 2 * half;
  const { rotation = 256 } = comfyConfig(module);
  const { shape } = module.entry("weight_scale");
  if (sizeOf(shape) !== rows || !divides(rotation, width))
    throw module.broken(
      "weight",
      `[${rows}, ${half}] does not go with scales [${shape.join(", ")}] and groups of ${rotation}`,
    );
  const tiles = { grid: gridOf(rows, width, [rows])!, read: kept(() => module.floats("weight_scale")) };
  return {
    kind: "int4 scaled and rotated",
    shape: [rows, width],
    uses: ["weight", "weight_scale", "comfy_quant"],
    rows(first, count) {
      const values = unpackNibbles(module.bytes("weight", first, count), fourBitSigned, "low first");
      multiplyTiles(values, tiles, width, first, count);
      rotateGroups(values, width, rotation);
      return values;
    },
  };
}

/** `(code - 8) scale + zero`. */
function grouped(module: StoredModule): ModuleWeight {
  const parts = { weight: "weight", scale: "weight_scale", zero: "weight_zeros" };
  const weight = groupedNibbles(module, parts, fourBitOffset);
  return { ...weight, kind: "awq:uint4", uses: [...weight.uses, "comfy_quant"] };
}
