import { shapeMismatch } from "../errors/graph";
import { type Dim, equal, minus, over, plus, product, shapeText, times } from "./dim";

/** Shape rules of the ops that models emit. `where` is the scope, for errors. */

/** NumPy broadcasting. */
export function broadcast(where: string, op: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  const at = (shape: readonly Dim[], i: number): Dim => shape[i - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const x = at(a, i);
    const y = at(b, i);
    if (equal(x, y) || y === 1) return x;
    if (x === 1) return y;
    throw shapeMismatch(where, op, `${shapeText(a)} and ${shapeText(b)} do not broadcast`);
  });
}

/** `[..., M, K] x [..., K, N]`. */
export function matmul(where: string, a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const inner = a.at(-1);
  if (a.length < 2 || b.length < 2 || inner === undefined || !equal(inner, b.at(-2)!))
    throw shapeMismatch(where, "MatMul", `${shapeText(a)} and ${shapeText(b)} have no common inner size`);
  return [...broadcast(where, "MatMul", a.slice(0, -2), b.slice(0, -2)), a.at(-2)!, b.at(-1)!];
}

/** Output height or width of a convolution. */
export function convolved(input: Dim, kernel: number, stride: number, before: number, after: number): Dim {
  return over(plus(input, before + after - kernel + stride), stride);
}

/** All shapes equal but along `axis`, where they add up. */
export function concat(where: string, shapes: readonly (readonly Dim[])[], axis: number): Dim[] {
  const [first, ...rest] = shapes as [readonly Dim[], ...(readonly Dim[])[]];
  let total = first[axis]!;
  for (const shape of rest) {
    if (shape.length !== first.length || shape.some((dim, i) => i !== axis && !equal(dim, first[i]!)))
      throw shapeMismatch(where, "Concat", `${shapes.map(shapeText).join(", ")} differ beside axis ${axis}`);
    total = plus(total, shape[axis]!);
  }
  return first.map((dim, i) => (i === axis ? total : dim));
}

/** Length of `start..end` along a dimension; a negative bound counts from the end. */
export function sliced(dim: Dim, start: Dim, end: Dim): Dim {
  const bound = (value: Dim): Dim => (typeof value === "number" && value < 0 ? plus(dim, value) : value);
  return minus(bound(end), bound(start));
}

/** `to` with its one -1 replaced by what is left of `from`, when that can be told. */
export function completed(from: readonly Dim[], to: readonly Dim[]): readonly Dim[] | undefined {
  const open = to.indexOf(-1);
  if (open < 0) return to;
  // Cancel what both sides share; what remains of `from` must be a multiple of the remaining numbers of `to`.
  const rest = [...from];
  let factor = 1;
  for (const [i, dim] of to.entries()) {
    if (i === open) continue;
    const at = rest.findIndex((other) => equal(other, dim));
    if (at >= 0) rest.splice(at, 1);
    else if (typeof dim === "number") factor *= dim;
    else return undefined;
  }
  const left = over(product(rest), factor);
  return equal(times(left, factor), product(rest)) ? to.map((dim, i) => (i === open ? left : dim)) : undefined;
}
