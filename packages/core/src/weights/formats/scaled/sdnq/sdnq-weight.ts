import { formUnread } from "../../../../errors/quantized";
import { sizeOf } from "../../../../tensor";
import { kept } from "../grid";
import { rotateGroups } from "../hadamard";
import type { ModuleWeight, StoredModule } from "../stored-module";
import { type Codes, codeReader } from "./codes";
import { type ElementType, elementType } from "./element-type";
import { guessedType, typesOfSize } from "./guess";
import { layoutOf } from "./layout";
import { lowRank } from "./low-rank";
import { scaleRows } from "./scale-rows";
import { type SdnqSettings, sdnqSettings } from "./settings";

/** Parts that a module of SDNQ may have. */
const parts = ["weight", "scale", "zero_point", "svd_up", "svd_down"];

/** Scales that are quantized in their turn. */
const nested = ["scale_2", "scale_zero_point", "zero_point_scale", "zero_point_2"];

/** A weight as SDNQ stores it, https://github.com/Disty0/sdnq: `code scale + zero_point`, and `svd_up svd_down` on top. */
export function sdnqWeight(module: StoredModule): ModuleWeight | undefined {
  if (!module.has("weight") || !module.has("scale")) return undefined;
  const settings = sdnqSettings(module);
  const isFloat = /^(float(16|32|64)|bfloat16)$/.test(module.entry("weight").dtype);
  if (isFloat && settings.weightsDtype === undefined) return undefined;
  const weight = `${module.name}.weight`;
  if (module.first(...nested)) throw formUnread(module.file.path, weight, "SDNQ with quantized scales (scale_dtype)");
  if (settings.weightsDtype === undefined && isPlain(module)) return undefined;
  if (settings.weightsDtype === undefined) return withoutConfig(module, settings);
  const type = elementType(settings.weightsDtype);
  if (!type) throw formUnread(module.file.path, weight, `SDNQ's ${settings.weightsDtype}`);
  return weightOf(module, settings, type);
}

/** Codes times a scale, which others store in the same way. */
function isPlain(module: StoredModule): boolean {
  const { shape } = module.entry("scale");
  const isTurned = shape.length === 2 && shape[0] === 1 && shape[1] !== 1;
  return (
    module.entry("weight").dtype !== "uint8" && !isTurned && shape.length < 3 && !module.first("zero_point", "svd_up")
  );
}

/** The type of packed codes shows in the weight's size alone: it is known once a model asks for a shape. */
function withoutConfig(module: StoredModule, settings: SdnqSettings): ModuleWeight | undefined {
  const type = guessedType(module);
  if (type) return weightOf(module, settings, type);
  if (!module.has("zero_point")) return undefined;
  const { shape } = module.entry("weight");
  const weight: ModuleWeight = {
    kind: "sdnq:packed",
    shape,
    uses: parts,
    rows() {
      throw formUnread(
        module.file.path,
        `${module.name}.weight`,
        "SDNQ, packed, without the quantization_config that says how",
      );
    },
  };
  return {
    ...weight,
    fit: (wanted) => {
      const [found] = typesOfSize(module, sizeOf(wanted));
      const made = found ? weightOf(module, settings, found) : undefined;
      return made?.shape.join() === wanted.join() ? made : undefined;
    },
  };
}

function weightOf(module: StoredModule, settings: SdnqSettings, type: ElementType): ModuleWeight {
  if (type.isUnsigned && !settings.useCodebook && !module.has("zero_point"))
    throw module.broken("weight", `is ${type.name}, and has no "${module.name}.zero_point"`);
  const codes: Codes = codeReader(module, type);
  const layout = layoutOf(module, codes, settings);
  const { rows, width, shape } = layout;
  const scale = kept(() => module.floats("scale"));
  const zero = module.has("zero_point") ? kept(() => module.floats("zero_point")) : undefined;
  const branch = lowRank(module, rows, width, settings.isTurned);
  const rotation = settings.hadamardGroup === undefined ? undefined : hadamardGroup(shape, settings.hadamardGroup);
  return {
    kind: `sdnq:${type.name}`,
    shape,
    uses: parts,
    ...(layout.isTurned ? { isWhole: true } : {}),
    rows(first, count) {
      const values = codes.read(first, count, layout);
      scaleRows(values, layout, first, scale(), zero?.());
      branch?.(values, first, count);
      if (rotation !== undefined) rotateGroups(values, width, rotation);
      return values;
    },
  };
}

/** The largest power of two that divides the channels, up to a size; too small ones rotate nothing. */
function hadamardGroup([, channels = 1]: readonly number[], most: number): number | undefined {
  if (channels === 0) return undefined;
  let group = 2 ** Math.ceil(Math.log2(Math.min(channels, most)));
  while (channels % group !== 0) group /= 2;
  return group >= 4 ? group : undefined;
}
