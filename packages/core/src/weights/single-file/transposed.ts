import { type DType, itemSize } from "../../tensor";

/** The elements of a matrix as rows of its transpose. @param shape of the result, `[rows, columns]` */
export function transposed(bytes: Uint8Array, [rows, columns]: readonly [number, number], dtype: DType): Uint8Array {
  const size = itemSize[dtype];
  const result = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const from = (column * rows + row) * size;
      const to = (row * columns + column) * size;
      for (let i = 0; i < size; i++) result[to + i] = bytes[from + i]!;
    }
  return result;
}
