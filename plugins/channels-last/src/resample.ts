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

/** `floor(i from / to)` for each `i`. @returns int64 `[to]` */
function nearest(g: Graph, from: Dim, to: Dim): Value {
  const count = g.reshape(g.sizes([to]), []);
  const bound = (n: number): Value => g.constant(n, [], "int64");
  const places = g.node("Range", [bound(0), count, bound(1)], [to]);
  return g.div(g.mul(places, g.sizes([from])), g.sizes([to]));
}

function cropped(g: Graph, x: Value, axis: number, length: Dim): Value {
  return equalDims(x.shape[axis]!, length) ? x : g.slice(x, axis, 0, length);
}

function textOf(attribute: object | undefined): string | undefined {
  return attribute && "text" in attribute ? (attribute.text as string) : undefined;
}
