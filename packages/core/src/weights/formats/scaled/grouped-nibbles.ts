import { sizeOf } from "../../../tensor";
import { transposed } from "../../../transposed";
import { addTiles, gridOf, kept, multiplyTiles, type Tiles } from "./grid";
import { unpackNibbles } from "./nibbles";
import type { ModuleWeight, StoredModule } from "./stored-module";

/** Parts of a module. */
export interface GroupedParts {
  /** Two codes a byte, the first in the lower half. */
  readonly weight: string;
  /** `[groups of a row, rows]`, both. */
  readonly scale: string;
  readonly zero: string;
}

/**
 * `number scale + zero` by groups of a row.
 * @param table numbers of the 16 codes @param block rows and columns of a group, where they are told
 * @throws SKIPSTEP_QUANTIZED_INVALID for scales or zeros of groups that do not make up the weight
 */
export function groupedNibbles(
  module: StoredModule,
  parts: GroupedParts,
  table: Float32Array,
  block?: readonly [rows: number, columns: number],
): ModuleWeight {
  const [rows = 1, ...halves] = module.entry(parts.weight).shape;
  const width = 2 * sizeOf(halves);
  const turned = (part: string): Tiles => {
    const { shape } = module.entry(part);
    const [groups = 1, across, ...more] = shape;
    const isOfRows = across === rows && more.length === 0;
    const grid = isOfRows ? gridOf(rows, width, [rows, groups], block ?? [1, width / groups]) : undefined;
    if (!grid) throw module.broken(part, `is [${shape.join(", ")}], which fits no weight [${rows}, ${width}]`);
    return { grid, read: kept(() => transposed(module.floats(part), groups, rows)) };
  };
  const [scale, zero] = [turned(parts.scale), turned(parts.zero)];
  return {
    shape: [rows, width],
    uses: [parts.weight, parts.scale, parts.zero],
    rows(first, count) {
      const values = unpackNibbles(module.bytes(parts.weight, first, count), table, "low first");
      multiplyTiles(values, scale, width, first, count);
      addTiles(values, zero, 1, width, first, count);
      return values;
    },
  };
}
