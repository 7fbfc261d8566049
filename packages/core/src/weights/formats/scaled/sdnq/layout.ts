import { sizeOf } from "../../../../tensor";
import type { StoredModule } from "../stored-module";
import type { Codes } from "./codes";
import type { SdnqSettings } from "./settings";

/** How a weight's elements and scales lie: `[rows, groups, members, places]`, and a scale for all members of a group. */
export interface Layout {
  /** As the model has it. */
  readonly shape: readonly number[];
  readonly rows: number;
  /** Elements of a row. */
  readonly width: number;
  readonly groups: number;
  readonly members: number;
  /** Of a convolution's kernel; 1 for a matrix. */
  readonly places: number;
  /** Values that codes stand for, in each group: a table instead of a scale. */
  readonly levels?: number;
  /** One scale for the whole weight. */
  readonly isOne: boolean;
  /** Stored `[columns, rows]`. */
  readonly isTurned: boolean;
}

/** @throws SKIPSTEP_QUANTIZED_INVALID where scales and weight do not go together */
export function layoutOf(module: StoredModule, codes: Codes, settings: SdnqSettings): Layout {
  const { shape: scales } = module.entry("scale");
  const stored = module.entry("weight").shape;
  const fail = (): Error =>
    module.broken(
      "scale",
      `is [${scales.join(", ")}], which fits no weight of ${codes.size} elements [${stored.join(", ")}]`,
    );
  if (sizeOf(scales) === 1 && !codes.type.table) return one(stored);
  const isTurned = !codes.type.table && scales.length === 2 && scales[0] === 1 && stored[1] === scales[1];
  if (isTurned) return { ...matrix(scales[1]!, stored[0]!, 1), isTurned };
  const isGrouped = scales.length === 3 || scales.length === 5;
  const [rows = 1] = scales;
  const groups = isGrouped ? scales[1]! : 1;
  const axis = isGrouped ? 2 : 1;
  const kernel = scales.slice(axis + 1);
  const places = sizeOf(kernel);
  const levels = settings.useCodebook ? scales[axis] : undefined;
  const width = codes.size / rows;
  const members = width / (groups * places);
  if (!Number.isInteger(members) || (levels === undefined && scales[axis] !== 1)) throw fail();
  if (levels !== undefined && levels !== 2 ** codes.type.bits) throw fail();
  const shape = [rows, groups * members, ...kernel];
  const more = levels === undefined ? {} : { levels };
  return { shape, rows, width, groups, members, places, isOne: false, isTurned: false, ...more };
}

function matrix(rows: number, width: number, groups: number): Layout {
  const shape = [rows, width];
  return { shape, rows, width, groups, members: width / groups, places: 1, isOne: false, isTurned: false };
}

function one(shape: readonly number[]): Layout {
  const rows = shape[0] ?? 1;
  return { ...matrix(rows, sizeOf(shape) / Math.max(1, rows), 1), shape, isOne: true };
}
