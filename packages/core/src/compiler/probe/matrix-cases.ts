import { intOf, intsOf } from "../../graph/attributes";
import { convolved } from "../../graph/infer";
import { isInitializer } from "../weights-layout";
import type { CaseOf } from "./kernel-case";

/** Rows of a product, terms of a sum, columns: what kernels take four at a time, and what is left over. */
const products = [
  [40, 64, 48],
  [7, 30, 9],
] as const;

/** A product with a matrix in the model, or of two that are computed, which may be of several heads. */
export const matMulCase: CaseOf = (node) => {
  const [, right] = node.inputs;
  if (isInitializer(right))
    return {
      name: "MatMul with weights",
      emit: ({ graph, fed, stored }) =>
        products.map(([rows, terms, columns]) => graph.matmul(fed([2, rows, terms]), stored([terms, columns]))),
    };
  const heads = right!.shape.length === 4 ? [2, 3] : right!.shape.length === 3 ? [2] : [];
  return {
    name: `MatMul of ${heads.length + 2} axes`,
    emit: ({ graph, fed }) =>
      products.map(([rows, terms, columns]) =>
        graph.matmul(fed([...heads, rows, terms]), fed([...heads, terms, columns])),
      ),
  };
};

/** A convolution with the filter, steps, padding and groups of a node; as deep ones where it has a group a channel. */
export const convCase: CaseOf = (node) => {
  const [, filter] = node.inputs;
  const [height, width] = filter!.shape.slice(2) as [number, number];
  const groups = intOf(node, "group") ?? 1;
  const [strides, pads] = [intsOf(node, "strides") ?? [1, 1], intsOf(node, "pads") ?? [0, 0, 0, 0]];
  const isDeep = groups > 1 && filter!.shape[1] === 1;
  const parts = isDeep ? 12 : Math.min(groups, 2);
  const channels = isDeep ? 12 : 12 * parts;
  const steps = `steps ${strides}, padding ${pads}${groups === 1 ? "" : isDeep ? ", a group a channel" : ", in groups"}`;
  return {
    name: `Conv of ${height} x ${width}, ${steps}`,
    emit: ({ graph, fed, stored }) => {
      const [rows, columns] = [9 + height, 11 + width];
      const out = isDeep ? 12 : 16;
      const shape = [
        2,
        out,
        convolved(rows, height, strides[0]!, pads[0]!, pads[2]!),
        convolved(columns, width, strides[1]!, pads[1]!, pads[3]!),
      ];
      const weights = stored([out, channels / parts, height, width]);
      const attributes = { ...node.attributes, ...(groups === 1 ? {} : { group: { int: parts } }) };
      return graph.node("Conv", [fed([2, channels, rows, columns]), weights, node.inputs[2] && stored([out])], shape, {
        attributes,
      });
    },
  };
};
