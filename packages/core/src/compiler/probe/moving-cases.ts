import { attributesText, intOf, intsOf, wholeNumbers } from "../../graph/attributes";
import type { Node, Value } from "../../graph/value";
import { isInitializer } from "../weights-layout";
import type { CaseOf } from "./kernel-case";

/** Lengths of axes that tell one from another. */
const lengths = [2, 3, 8, 5, 4, 6];

function lengthsOf({ shape }: Value): number[] {
  return lengths.slice(0, shape.length);
}

/** An axis counted from the front. */
function axisOf(node: Node, { shape }: Value, otherwise: number): number {
  const axis = intOf(node, "axis") ?? otherwise;
  return axis < 0 ? axis + shape.length : axis;
}

export const transposeCase: CaseOf = (node) => {
  const order = intsOf(node, "perm") ?? node.inputs[0]!.shape.map((_, i, { length }) => length - 1 - i);
  return {
    name: `Transpose to ${order}`,
    emit: ({ graph, fed }) => graph.transpose(fed(lengths.slice(0, order.length)), order),
  };
};

export const reshapeCase: CaseOf = (node) => ({
  name: node.op,
  emit: ({ graph, fed }) => graph.reshape(fed([2, 12, 5]), [2, 3, 20]),
});

export const splitCase: CaseOf = (node) => {
  const [x] = node.inputs as [Value];
  const [axis, count] = [axisOf(node, x, 0), node.outputs.length];
  const dims = lengthsOf(x);
  return {
    name: `Split of ${dims.length} axes along ${axis} into ${count}`,
    emit: ({ graph, fed }) => {
      const parts = Array.from({ length: count }, (_, i) => 4 + (i % 2));
      return graph.split(
        fed(
          dims.with(
            axis,
            parts.reduce((sum, part) => sum + part),
          ),
        ),
        parts,
        axis,
      );
    },
  };
};

export const concatCase: CaseOf = (node) => {
  const [first] = node.inputs as [Value];
  const axis = axisOf(node, first, 0);
  const { dtype } = first;
  if (dtype !== "float32" && dtype !== "int32") return undefined;
  const dims = lengthsOf(first);
  return {
    name: `Concat of ${node.inputs.length} ${dtype} of ${dims.length} axes along ${axis}`,
    emit: ({ graph, fed }) =>
      graph.concat(
        node.inputs.map((_, i) => fed(dims.with(axis, 4 + i), dtype)),
        axis,
      ),
  };
};

/** Along one axis, with the steps of a node. */
export const sliceCase: CaseOf = (node) => {
  const [x, , , axes, steps] = node.inputs as [Value, Value, Value, Value?, Value?];
  const axis = wholeNumbers(axes)?.[0] ?? 0;
  const step = wholeNumbers(steps)?.[0] ?? 1;
  if (x.dtype !== "float32" || step < 1) return undefined;
  const dims = lengthsOf(x);
  const at = axis < 0 ? axis + dims.length : axis;
  return {
    name: `Slice of ${dims.length} axes along ${at}${step === 1 ? "" : `, step ${step}`}`,
    emit: ({ graph, fed }) => {
      const whole = (number: number): Value => graph.constant([number], undefined, "int64");
      const after = dims.with(at, Math.ceil(9 / step));
      return graph.node("Slice", [fed(dims.with(at, 11)), whole(1), whole(10), whole(at), whole(step)], after);
    },
  };
};

export const expandCase: CaseOf = (node) => {
  const { dtype } = node.inputs[0]!;
  return dtype === "float32" || dtype === "int32"
    ? { name: `Expand of ${dtype}`, emit: ({ graph, fed }) => graph.expand(fed([2, 1, 8], dtype), [2, 5, 8]) }
    : undefined;
};

/** Rows of a table in the model, or of what is computed. */
export const gatherCase: CaseOf = (node) => {
  const [table, indices] = node.inputs as [Value, Value];
  const axis = axisOf(node, table, 0);
  const { dtype } = indices;
  if (table.dtype !== "float32" || (dtype !== "int64" && dtype !== "int32")) return undefined;
  const dims = lengthsOf(table).with(axis, 9);
  return {
    name: `Gather of ${dtype}, ${dims.length} axes along ${axis}`,
    emit: ({ graph, fed, stored }) =>
      graph.gather(isInitializer(table) ? stored(dims) : fed(dims), fed([2, 3], dtype, 8), axis),
  };
};

export const gatherElementsCase: CaseOf = (node) => {
  const [data, indices] = node.inputs as [Value, Value];
  const axis = axisOf(node, data, 0);
  const { dtype } = indices;
  if (data.dtype !== "float32" || (dtype !== "int64" && dtype !== "int32")) return undefined;
  const dims = lengthsOf(data);
  return {
    name: `GatherElements of ${dtype}, ${dims.length} axes along ${axis}`,
    emit: ({ graph, fed }) => {
      const places = fed(dims, dtype, dims[axis]! - 1);
      return graph.node("GatherElements", [fed(dims), places], dims, { attributes: node.attributes });
    },
  };
};

/** Zeros around pictures. */
export const padCase: CaseOf = (node) =>
  node.inputs[0]!.dtype === "float32"
    ? { name: "Pad", emit: ({ graph, fed }) => graph.pad(fed([2, 3, 5, 6]), [0, 1, 2, 1]) }
    : undefined;

/** Squares of pixels into channels, or back. */
export const blockCase: CaseOf = (node) => {
  const block = intOf(node, "blocksize")!;
  const isApart = node.op === "SpaceToDepth";
  const before = [2, isApart ? 3 : 3 * block * block, isApart ? 3 * block : 3, isApart ? 2 * block : 2];
  const after = [2, isApart ? 3 * block * block : 3, isApart ? 3 : 3 * block, isApart ? 2 : 2 * block];
  return {
    name: `${node.op}${attributesText(node)}`,
    emit: ({ graph, fed }) => graph.node(node.op, [fed(before)], after, { attributes: node.attributes }),
  };
};

/** Pictures made twice as high and wide, by factors or by sizes, as the node is told them. */
export const resizeCase: CaseOf = (node) => {
  const byFactors = node.inputs[2] !== undefined;
  return {
    name: `Resize by ${byFactors ? "factors" : "sizes"}${attributesText(node)}`,
    emit: ({ graph, fed }) => {
      const target = byFactors
        ? [undefined, graph.constant([1, 1, 2, 2])]
        : [undefined, undefined, graph.constant([2, 3, 10, 12], undefined, "int64")];
      return graph.node("Resize", [fed([2, 3, 5, 6]), ...target], [2, 3, 10, 12], { attributes: node.attributes });
    },
  };
};

export const rotaryCase: CaseOf = (node) => {
  if (node.inputs[0]!.shape.length !== 3) return undefined;
  const heads = 2;
  const head = (node.inputs[0]!.shape.at(-1) as number) / (intOf(node, "num_heads") ?? 1);
  const attributes = { ...node.attributes, num_heads: { int: heads } };
  return {
    name: `RotaryEmbedding, heads of ${head}, ${intOf(node, "interleaved") ? "pairs" : "halves"}`,
    emit: ({ graph, fed }) => {
      const x = fed([2, 9, heads * head]);
      const [cos, sin] = [fed([2, 9, head / 2]), fed([2, 9, head / 2])];
      return graph.node("RotaryEmbedding", [x, cos, sin], x.shape, { attributes });
    },
  };
};

/** Means over squares of pixels, or over all of them. */
export const poolCase: CaseOf = (node) => {
  const after = node.op === "GlobalAveragePool" ? [2, 4, 1, 1] : [2, 4, 3, 5];
  return {
    name: `${node.op}${attributesText(node)}`,
    emit: ({ graph, fed }) => graph.node(node.op, [fed([2, 4, 6, 10])], after, { attributes: node.attributes }),
  };
};

/** Places in a row, one after the other: sums of ones. */
export const cumSumCase: CaseOf = (node) =>
  node.inputs[0]!.dtype === "float32"
    ? {
        name: "CumSum",
        emit: ({ graph, fed }) =>
          graph.node("CumSum", [fed([70]), graph.constant([0], undefined, "int64")], [70], {
            attributes: node.attributes,
          }),
      }
    : undefined;
