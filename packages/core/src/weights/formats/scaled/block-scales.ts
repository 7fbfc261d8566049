import { sizeOf } from "../../../tensor";
import { gridOf, kept, type Tiles } from "./grid";
import type { StoredModule } from "./stored-module";
import { swizzledSize, unswizzled } from "./swizzled";

/** Scales of blocks of columns, as a module stores them. */
export interface BlockScales {
  /** The part of the module that holds them. */
  readonly part: string;
  /** Shape of the weight. */
  readonly rows: number;
  readonly width: number;
  /** Columns of a row that share a scale. */
  readonly block: number;
  /** Whether they lie in cuBLAS's order, filled up to whole blocks of it. */
  readonly isSwizzled: boolean;
  /** All of them, in the order in which they are stored. */
  read(): Float32Array;
  /** What all of them are multiplied with. */
  factor(): number;
}

/** One scale for `block` columns of a row, times one for all. @throws SKIPSTEP_QUANTIZED_INVALID for another number of scales */
export function blockScales(module: StoredModule, scales: BlockScales): Tiles {
  const { part, rows, width, block, isSwizzled } = scales;
  const columns = Math.ceil(width / block);
  const { shape } = module.entry(part);
  const expected = isSwizzled ? swizzledSize(rows, columns) : rows * columns;
  if (sizeOf(shape) !== expected)
    throw module.broken(part, `is [${shape.join(", ")}], not the ${expected} scales of [${rows}, ${width}]`);
  const read = kept(() => {
    const stored = scales.read();
    const factor = scales.factor();
    return (isSwizzled ? unswizzled(stored, rows, columns) : stored).map((scale) => scale * factor);
  });
  return { grid: gridOf(rows, width, [rows, columns], [1, block])!, read };
}
