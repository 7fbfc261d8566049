import { type Floats, floats } from "@skipstep/core/plugin";

/** Elements of each image of a batch, sharing memory. @param tensor `[B, ...]` */
export function itemsOf({ shape, data }: Floats): Float32Array[] {
  const size = data.length / (shape[0] || 1);
  return Array.from({ length: shape[0]! }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

/** `f` of the elements of two tensors of one shape, in float64, rounded once. @param f also told whose image they are of */
export function zip(a: Floats, b: Floats, f: (x: number, y: number, item: number) => number): Floats {
  const result = floats(a.shape);
  const [left, right] = [itemsOf(a), itemsOf(b)];
  for (const [item, made] of itemsOf(result).entries()) {
    const [x, y] = [left[item]!, right[item]!];
    for (let i = 0; i < made.length; i++) made[i] = f(x[i]!, y[i]!, item);
  }
  return result;
}

/** `a - b`. Not by `zip`: it is between two passes of each step, and a call an element takes ten times as long. */
export function minus(a: Floats, b: Floats): Floats {
  const result = floats(a.shape);
  const [made, x, y] = [result.data, a.data, b.data];
  for (let i = 0; i < made.length; i++) made[i] = x[i]! - y[i]!;
  return result;
}

/** `a + share * (a - b)`: where a line from `b` through `a` goes on to. */
export function goingOn(a: Floats, b: Floats, share: number): Floats {
  const result = floats(a.shape);
  const [made, x, y] = [result.data, a.data, b.data];
  for (let i = 0; i < made.length; i++) made[i] = x[i]! + share * (x[i]! - y[i]!);
  return result;
}

export function dot(a: Float32Array | Float64Array, b: Float32Array | Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function length(values: Float32Array | Float64Array): number {
  return Math.sqrt(dot(values, values));
}
