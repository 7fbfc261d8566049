import { type Dim, equalDims, type Graph, intsOf, times, type Value } from "@skipstep/core/plugin";
import type { Rule } from "./rule";

type Area = readonly [batch: Dim, height: Dim, width: Dim, channels: Dim];

/** Nearest neighbours at another height and width: whole rows and pixels are copied, 3 times as fast as Resize. */
export const resize: Rule = (node, pictures) => {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const isNearest = node.op === "Resize" && textOf(node.attributes.mode) === "nearest";
  if (!isNearest || !input || !output || input.shape.length !== 4 || !pictures.isLast(input)) return false;
  const [, , height, width] = output.shape as [Dim, Dim, Dim, Dim];
  const last = pictures.lastOf(input);
  pictures.setLast(
    output,
    pictures.emit(node.scope, (g) => {
      const [, rows, columns] = last.shape as Area;
      const wide = equalDims(columns, width) ? last : g.gather(last, nearest(g, columns, width), 2);
      return equalDims(rows, height) ? wide : g.gather(wide, nearest(g, rows, height), 1);
    }),
  );
  return true;
};

/** Means of 2x2 pixels; a last odd row or column is left out. */
export const averagePool: Rule = (node, pictures) => {
  const [input] = node.inputs;
  const [output] = node.outputs;
  const isHalving =
    node.op === "AveragePool" &&
    ["kernel_shape", "strides"].every((name) => intsOf(node, name)?.join() === "2,2") &&
    Object.keys(node.attributes).length === 2;
  if (!isHalving || !input || !output || !pictures.isLast(input)) return false;
  const [batch, channels, height, width] = output.shape as [Dim, Dim, Dim, Dim];
  const last = pictures.lastOf(input);
  pictures.setLast(
    output,
    pictures.emit(node.scope, (g) => {
      const rows = cropped(g, last, 1, times(height, 2));
      const even = cropped(g, rows, 2, times(width, 2));
      const squares = g.reshape(even, [batch, height, 2, width, 2, channels]);
      return g.node("ReduceMean", [squares, g.constant([2, 4], undefined, "int64")], [batch, height, width, channels], {
        attributes: { keepdims: { int: 0 } },
      });
    }),
  );
  return true;
};

/**
 * `floor(i from / to)` for each `i`, counted in float32: whole numbers of 64 bits have no kernels on GPUs. Right for twice
 * as many of any number, and else up to 2^22 for both multiplied.
 * @returns int32 `[to]`
 */
function nearest(g: Graph, from: Dim, to: Dim): Value {
  const ones = (count: Dim): Value => g.expand(g.constant([1]), [count]);
  const axis = g.constant([0], undefined, "int64");
  const count = (dim: Dim): Value => g.node("ReduceSum", [ones(dim), axis], [1]);
  const i = g.sub(g.node("CumSum", [ones(to), axis], [to]), g.constant(1));
  const places = equalDims(times(from, 2), to)
    ? g.mul(i, g.constant(0.5))
    : g.div(g.add(g.mul(i, count(from)), g.constant(0.5)), count(to)); // kept away from whole numbers
  return g.cast(g.node("Floor", [places], [to]), "int32");
}

function cropped(g: Graph, x: Value, axis: number, length: Dim): Value {
  return equalDims(x.shape[axis]!, length) ? x : g.slice(x, axis, 0, length);
}

function textOf(attribute: object | undefined): string | undefined {
  return attribute && "text" in attribute ? (attribute.text as string) : undefined;
}
