import { rowsOutside, tensorShape } from "../../errors/checkpoint";
import type { TensorEntry } from "./weight-source";

/** @returns the entry @throws SKIPSTEP_TENSOR_SHAPE */
export function checkShape(entry: TensorEntry, shape: readonly number[]): TensorEntry {
  if (entry.shape.join() !== shape.join()) throw tensorShape(entry, shape);
  return entry;
}

/** Of a tensor without axes there is one row. @throws SKIPSTEP_TENSOR_ROWS */
export function checkRows(entry: TensorEntry, firstRow: number, rowCount: number): void {
  const [rows = 1] = entry.shape;
  const isInside = Number.isInteger(firstRow) && Number.isInteger(rowCount) && firstRow >= 0 && rowCount >= 0;
  if (!isInside || firstRow + rowCount > rows) throw rowsOutside(entry, firstRow, rowCount);
}
