import { attributesText, wholeNumbers } from "../../graph/attributes";
import type { Value } from "../../graph/value";
import type { CaseOf } from "./kernel-case";

const shape = [2, 5, 16] as const;

/** An operator of one tensor, on numbers that it is defined for. */
export const unaryCase: CaseOf = (node) => {
  const needsPositive = node.op === "Sqrt" || node.op === "Log";
  return {
    name: `${node.op}${attributesText(node)}`,
    emit: ({ graph, fed }) => {
      const x = fed(shape);
      const given = needsPositive ? graph.add(graph.mul(x, x), graph.constant(0.1)) : x;
      return graph.node(node.op, [given], shape, { domain: node.domain, attributes: node.attributes });
    },
  };
};

/** Sine and cosine of angles as large as timesteps have. */
export const waveCase: CaseOf = ({ op }) => ({
  name: op,
  emit: ({ graph, fed }) =>
    [1, 500, 5000].map((most) => graph.node(op, [graph.mul(fed(shape), graph.constant(most))], shape)),
});

/** An operator of two tensors of one shape, or of which one is repeated along some axes. */
export const binaryCase: CaseOf = (node) => {
  const dtype = node.inputs[0]!.dtype;
  if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") return undefined;
  const output = node.outputs[0]!.dtype;
  return {
    name: `${node.op} of ${dtype}`,
    emit: ({ graph, fed }) =>
      [shape, [16], [5, 1], [1]].map((other) => {
        const [a, b] = [fed(shape, dtype), fed(other, dtype)];
        const safe = node.op === "Div" && dtype === "float32" ? graph.add(graph.mul(b, b), graph.constant(0.5)) : b;
        return graph.node(node.op, [a, safe], shape, { dtype: output, attributes: node.attributes });
      }),
  };
};

export const whereCase: CaseOf = (node) =>
  node.inputs[1]!.dtype === "float32"
    ? {
        name: "Where",
        emit: ({ graph, fed }) => [
          graph.where(fed(shape, "bool"), fed(shape), fed(shape)),
          graph.where(fed([2, 5, 1], "bool"), fed([1, 1, 16]), fed(shape)),
        ],
      }
    : undefined;

export const castCase: CaseOf = (node) => {
  const [from, to] = [node.inputs[0]!.dtype, node.outputs[0]!.dtype];
  if (from !== "float32" && from !== "int32" && from !== "bool" && from !== "int64") return undefined;
  if (to !== "float32" && to !== "int32" && to !== "bool") return undefined;
  return { name: `Cast of ${from} to ${to}`, emit: ({ graph, fed }) => graph.cast(fed(shape, from), to) };
};

/** Sums of rows as long as an attention's keys. */
export const softmaxCase: CaseOf = (node) => ({
  name: `Softmax${attributesText(node)}`,
  emit: ({ graph, fed }) =>
    [
      [2, 3, 32, 64],
      [2, 3, 7, 160],
      [1, 2, 5, 77],
    ].map((dims) => graph.node("Softmax", [fed(dims)], dims, { attributes: node.attributes })),
});

/** Sums, means or maxima along the axes of a node. */
export const reduceCase: CaseOf = (node) => {
  const [x] = node.inputs as [Value];
  const axes = wholeNumbers(node.inputs[1])?.map((axis) => (axis < 0 ? axis + x.shape.length : axis));
  if (x.dtype !== "float32" || !axes) return undefined;
  const dims = [2, 6, 5, 8, 3, 4].slice(0, x.shape.length);
  const keeps = node.outputs[0]!.shape.length === x.shape.length;
  const after = dims.flatMap((dim, i) => (axes.includes(i) ? (keeps ? [1] : []) : [dim]));
  return {
    name: `${node.op} of ${dims.length} axes over ${axes}`,
    emit: ({ graph, fed }) =>
      graph.node(node.op, [fed(dims), graph.constant(axes, undefined, "int64")], after, {
        attributes: node.attributes,
      }),
  };
};
