import { type Floats, floats, sizeOf } from "../tensor";
import { concat } from "./concat";

/** Rows `from..to` of the first axis, sharing memory. */
export function rows(tensor: Floats, from: number, to: number): Floats {
  const row = sizeOf(tensor.shape.slice(1));
  return floats([to - from, ...tensor.shape.slice(1)], tensor.data.subarray(from * row, to * row));
}

/** Each row `times` times in a row: what a prompt comes to, for each of its images. */
export function repeatRows(tensor: Floats, times: number): Floats {
  const all = Array.from({ length: tensor.shape[0]! }, (_, i) => rows(tensor, i, i + 1));
  return stack(all.flatMap((row) => new Array<Floats>(times).fill(row)));
}

/** All tensors' rows, one after the other. */
export function stack(tensors: readonly Floats[]): Floats {
  return concat(tensors, 0);
}

/** `f` of each element of two tensors of one shape. */
export function combine(a: Floats, b: Floats, f: (x: number, y: number) => number): Floats {
  const result = floats(a.shape);
  for (let i = 0; i < result.data.length; i++) result.data[i] = f(a.data[i]!, b.data[i]!);
  return result;
}

/** `from + scale * (a - b)`, element by element. */
export function extrapolated(from: Floats, a: Floats, b: Floats, scale: number): Floats {
  const result = floats(from.shape);
  const [made, start, to, back] = [result.data, from.data, a.data, b.data];
  for (let i = 0; i < made.length; i++) made[i] = start[i]! + scale * (to[i]! - back[i]!);
  return result;
}

/** `-a` */
export function negated({ shape, data }: Floats): Floats {
  const result = floats(shape);
  for (let i = 0; i < data.length; i++) result.data[i] = -data[i]!;
  return result;
}

/**
 * Scales each image's guided prediction down so that its length is at most `most` times the unguided one's.
 * @param guided `[B, ...]` @param plain `[B, ...]`
 */
export function limitNorm(guided: Floats, plain: Floats, most: number): Floats {
  const result = floats(guided.shape);
  for (let item = 0; item < guided.shape[0]!; item++) {
    const values = rows(guided, item, item + 1).data;
    const longest = norm(rows(plain, item, item + 1).data) * most;
    const length = norm(values);
    const factor = length > longest ? longest / length : 1;
    const target = rows(result, item, item + 1).data;
    for (let i = 0; i < values.length; i++) target[i] = values[i]! * factor;
  }
  return result;
}

/**
 * Brings each image's guided prediction back towards the spread of the unguided one,
 * https://arxiv.org/abs/2305.08891, section 3.4.
 * @param guided `[B, ...]` @param plain `[B, ...]` @param share 0 changes nothing, 1 gives it the same spread
 */
export function rescaleSpread(guided: Floats, plain: Floats, share: number): Floats {
  const result = floats(guided.shape);
  for (let item = 0; item < guided.shape[0]!; item++) {
    const values = rows(guided, item, item + 1).data;
    const factor = share * (spread(rows(plain, item, item + 1).data) / spread(values)) + (1 - share);
    const target = rows(result, item, item + 1).data;
    for (let i = 0; i < values.length; i++) target[i] = values[i]! * factor;
  }
  return result;
}

/** Standard deviation. */
function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function norm(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
