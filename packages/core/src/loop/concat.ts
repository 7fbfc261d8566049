import { type Floats, floats, sizeOf } from "../tensor";

/** Tensors that differ in one axis only, one behind the other on it. */
export function concat(tensors: readonly Floats[], axis: number): Floats {
  const shape = [...tensors[0]!.shape];
  shape[axis] = tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0);
  const result = floats(shape);
  const stride = sizeOf(shape.slice(axis));
  let offset = 0;
  for (const tensor of tensors) {
    const length = sizeOf(tensor.shape.slice(axis));
    for (let from = 0, to = offset; from < tensor.data.length; from += length, to += stride)
      result.data.set(tensor.data.subarray(from, from + length), to);
    offset += length;
  }
  return result;
}
