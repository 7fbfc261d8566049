import { sizeOf } from "../../../tensor";
import { gridOf, kept, type Tiles } from "./grid";
import type { StoredModule } from "./stored-module";

/**
 * Scales or offsets as a module stores them, on a grid over its weight.
 * @param shape of the weight @param block rows and columns of a block, where they are told
 * @throws SKIPSTEP_QUANTIZED_INVALID for a part that fits no grid
 */
export function tilesOf(
  module: StoredModule,
  part: string,
  shape: readonly number[],
  block?: readonly [rows: number, columns: number],
): Tiles {
  const [rows = 1] = shape;
  const stored = module.entry(part).shape;
  const grid = gridOf(rows, sizeOf(shape.slice(1)), stored, block);
  if (!grid) throw module.broken(part, `is [${stored.join(", ")}], which fits no weight [${shape.join(", ")}]`);
  return { grid, read: kept(() => module.floats(part)) };
}
