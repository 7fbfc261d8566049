import { type Floats, floats } from "@skipstep/core/plugin";

/** Elements of each image of a batch, sharing memory. @param tensor `[B, ...]` */
export function itemsOf({ shape, data }: Floats): Float32Array[] {
  const size = data.length / (shape[0] || 1);
  return Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

/** `f` of the elements of two tensors of one shape, in float64, rounded once. @param f also told whose image they are of */
export function zip(a: Floats, b: Floats, f: (x: number, y: number, item: number) => number): Floats {
  const result = floats(a.shape);
  const size = a.data.length / (a.shape[0] || 1);
  for (let i = 0; i < result.data.length; i++) result.data[i] = f(a.data[i]!, b.data[i]!, Math.floor(i / size));
  return result;
}

/** `a - b` */
export function minus(a: Floats, b: Floats): Floats {
  return zip(a, b, (x, y) => x - y);
}

export function dot(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function length(values: Float32Array | Float64Array): number {
  return Math.sqrt(dot(values, values));
}
