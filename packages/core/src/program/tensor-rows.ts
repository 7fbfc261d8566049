import { sizeOf, type Tensor, type TensorData } from "../tensor";

/** One row of a tensor's first axis. */
export interface TensorRow {
  readonly tensor: Tensor;
  readonly row: number;
}

/** Equal texts mean equal rows, of tensors of one shape and type. */
export function contentOf(row: TensorRow): string {
  const { buffer, byteOffset, byteLength } = elementsOf(row);
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/** Rows of one shape and type, one after the other. */
export function joinRows(rows: readonly TensorRow[]): Tensor {
  const [{ tensor }] = rows as [TensorRow];
  const [, ...rest] = tensor.shape;
  const length = sizeOf(rest);
  const Elements = tensor.data.constructor as new (length: number) => TensorData;
  const data = new Elements(rows.length * length);
  for (const [i, row] of rows.entries()) (data as Float32Array).set(elementsOf(row) as Float32Array, i * length);
  return { dtype: tensor.dtype, shape: [rows.length, ...rest], data };
}

function elementsOf({ tensor: { shape, data }, row }: TensorRow): TensorData {
  const length = sizeOf(shape.slice(1));
  return data.subarray(row * length, (row + 1) * length);
}
