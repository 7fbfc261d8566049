import { shapeMismatch } from "../errors/graph";
import { Arithmetic } from "./arithmetic";
import { type Dim, equal, equalShapes, over, plus, product, shapeText, times } from "./dim";
import * as infer from "./infer";
import type { Attribute, Value } from "./value";

/** Of Resize: torch's nearest. */
const nearest: Readonly<Record<string, Attribute>> = {
  mode: { text: "nearest" },
  nearest_mode: { text: "floor" },
  coordinate_transformation_mode: { text: "asymmetric" },
};

/** Operators that move elements: they change shapes and compute nothing. */
export abstract class Shapes extends Arithmetic {
  /** The same elements in another shape. One dimension may be -1: what is left over. */
  reshape(x: Value, to: readonly Dim[]): Value {
    const shape = infer.completed(x.shape, to);
    if (!shape || !equal(product(shape), product(x.shape)))
      throw shapeMismatch(this.path, "Reshape", `${shapeText(x.shape)} does not have the elements of ${shapeText(to)}`);
    if (equalShapes(shape, x.shape)) return x;
    let open = shape.filter((dim, i) => typeof dim !== "number" && !equal(dim, x.shape[i] ?? 0)).length;
    if (open > 1) return this.node("Reshape", [x, this.sizes(shape)], shape);
    const target = shape.map((dim, i) => {
      if (typeof dim === "number") return dim;
      if (equal(dim, x.shape[i] ?? 0)) return 0; // copied from the input
      open = 0;
      return -1;
    });
    return this.node("Reshape", [x, this.constant(target, undefined, "int64")], shape);
  }

  /** Axes in another order. @param order `[0, 2, 1]` of `[B, T, D]` @returns `[B, D, T]` */
  transpose(x: Value, order: readonly number[]): Value {
    return this.node(
      "Transpose",
      [x],
      order.map((axis) => x.shape[axis]!),
      { attributes: { perm: { ints: order } } },
    );
  }

  /**
   * Squares of `block` x `block` pixels into channels; a channel's place within the square comes first.
   * @param x `[B, C, b h, b w]` @returns `[B, b b C, h, w]`
   */
  spaceToDepth(x: Value, block: number): Value {
    const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
    const shape = [batch, times(channels, block * block), over(height, block), over(width, block)];
    return this.node("SpaceToDepth", [x], shape, { attributes: { blocksize: { int: block } } });
  }

  /** Inverse of `spaceToDepth`. @param x `[B, b b C, h, w]` @returns `[B, C, b h, b w]` */
  depthToSpace(x: Value, block: number): Value {
    const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
    const shape = [batch, over(channels, block * block), times(height, block), times(width, block)];
    return this.node("DepthToSpace", [x], shape, { attributes: { blocksize: { int: block } } });
  }

  /** Values one behind the other along an axis; all other axes are equal. @param axis negative ones count from the last */
  concat(values: readonly Value[], axis: number): Value {
    if (values.length === 1) return values[0]!;
    const at = axis < 0 ? axis + values[0]!.shape.length : axis;
    const shape = infer.concat(
      this.path,
      values.map((value) => value.shape),
      at,
    );
    return this.node("Concat", values, shape, { attributes: { axis: { int: at } } });
  }

  /** Equal parts along an axis, as torch's `chunk`. */
  chunk(x: Value, parts: number, axis: number): Value[] {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const dim = x.shape[at];
    if (typeof dim !== "number" || dim % parts !== 0)
      throw shapeMismatch(
        this.path,
        "chunk",
        `${shapeText(x.shape)} does not divide into ${parts} parts along axis ${axis}`,
      );
    return this.split(x, new Array<number>(parts).fill(dim / parts), at);
  }

  /** Parts of the given lengths along an axis. */
  split(x: Value, lengths: readonly number[], axis: number): Value[] {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const total = lengths.reduce((a, b) => a + b, 0);
    if (!equal(total, x.shape[at]!))
      throw shapeMismatch(this.path, "Split", `lengths ${lengths.join(" + ")} are not ${x.shape[at]}`);
    const shapes = lengths.map((length) => x.shape.map((dim, i) => (i === at ? length : dim)));
    return this.emit("Split", [x, this.constant(lengths, undefined, "int64")], shapes, {
      attributes: { axis: { int: at } },
    });
  }

  /** `start..end` along an axis; bounds may be run-time sizes, negative numbers count from the end. */
  slice(x: Value, axis: number, start: Dim, end: Dim): Value {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const shape = x.shape.map((dim, i) => (i === at ? infer.sliced(dim, start, end) : dim));
    return this.node(
      "Slice",
      [x, this.sizes([start]), this.sizes([end]), this.constant([at], undefined, "int64")],
      shape,
    );
  }

  /** Rows of `x` along `axis`. @param indices int64 */
  gather(x: Value, indices: Value, axis: number): Value {
    return this.node(
      "Gather",
      [x, indices],
      [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      {
        dtype: x.dtype,
        attributes: { axis: { int: axis } },
      },
    );
  }

  /** Repeats along axes of size 1, as numpy broadcasts. @param to the whole shape */
  expand(x: Value, to: readonly Dim[]): Value {
    return this.node("Expand", [x, this.sizes(to)], infer.broadcast(this.path, "Expand", x.shape, to));
  }

  /** A new axis of size 1. */
  unsqueeze(x: Value, axis: number): Value {
    const at = axis < 0 ? axis + x.shape.length + 1 : axis;
    return this.reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
  }

  /** Nearest-neighbour enlargement of `[B, C, H, W]` by a whole factor. */
  upsample(x: Value, factor: number): Value {
    const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
    return this.node(
      "Resize",
      [x, undefined, this.constant([1, 1, factor, factor])],
      [batch, channels, times(height, factor), times(width, factor)],
      { attributes: nearest },
    );
  }

  /** Nearest neighbours of `[B, C, H, W]` at another height and width. */
  resize(x: Value, height: Dim, width: Dim): Value {
    const shape = [...x.shape.slice(0, 2), height, width];
    return this.node("Resize", [x, undefined, undefined, this.sizes(shape)], shape, { attributes: nearest });
  }

  /** Zeros around the last two axes of `[B, C, H, W]`: `[top, left, bottom, right]`. */
  pad(x: Value, [top, left, bottom, right]: readonly [number, number, number, number]): Value {
    const [batch, channels, height, width] = x.shape as [Dim, Dim, Dim, Dim];
    const pads = this.constant([0, 0, top, left, 0, 0, bottom, right], undefined, "int64");
    return this.node("Pad", [x, pads], [batch, channels, plus(height, top + bottom), plus(width, left + right)]);
  }
}
