import { attributesText, intOf, intsOf } from "../../graph/attributes";
import { convolved } from "../../graph/infer";
import type { Value } from "../../graph/value";
import { isInitializer } from "../weights-layout";
import type { CaseOf } from "./kernel-case";

/** Rows of a product: of a picture's tokens, and of a few vectors. */
const rowCounts = [40, 2];

/** A product with a matrix in the model, or of two that are computed, which may be of several heads. */
export const matMulCase: CaseOf = (node) => {
  const [, right] = node.inputs as [Value, Value];
  const { shape } = right;
  // Kernels take four terms and columns at a time where they can.
  const isEven = shape.slice(-2).every((dim) => typeof dim !== "number" || dim % 4 === 0);
  const [terms, columns] = isEven ? [64, 48] : [30, 9];
  const said = isEven ? "" : ", odd columns";
  if (isInitializer(right))
    return {
      name: `MatMul with weights${said}`,
      emit: ({ graph, fed, stored }) =>
        rowCounts.map((rows) => graph.matmul(fed([2, rows, terms]), stored([terms, columns]))),
    };
  const heads = [2, 3].slice(0, Math.max(0, shape.length - 2));
  return {
    name: `MatMul of ${heads.length + 2} axes${said}`,
    emit: ({ graph, fed }) =>
      rowCounts.map((rows) => graph.matmul(fed([...heads, rows, terms]), fed([...heads, terms, columns]))),
  };
};

/** A product of two that are computed, transposed and scaled as a node has it. */
export const fusedMatMulCase: CaseOf = (node) => {
  const heads = [2, 3].slice(0, Math.max(0, node.inputs[0]!.shape.length - 2));
  const [a, b] = ["transA", "transB"].map((name) => intOf(node, name) === 1) as [boolean, boolean];
  return {
    name: `FusedMatMul of ${heads.length + 2} axes${attributesText(node)}`,
    emit: ({ graph, fed }) => {
      const inputs = [fed([...heads, ...(a ? [64, 40] : [40, 64])]), fed([...heads, ...(b ? [48, 64] : [64, 48])])];
      const { domain, attributes } = node;
      return graph.node("FusedMatMul", inputs, [...heads, 40, 48], { domain, attributes });
    },
  };
};

/** A convolution with the filter, steps, padding and groups of a node; as deep ones where it has a group a channel. */
export const convCase: CaseOf = (node) => {
  const [, filter] = node.inputs;
  if (filter!.shape.length !== 4 || intsOf(node, "dilations")?.some((step) => step !== 1)) return undefined;
  const [height, width] = filter!.shape.slice(2) as [number, number];
  const groups = intOf(node, "group") ?? 1;
  const [strides, pads] = [intsOf(node, "strides") ?? [1, 1], intsOf(node, "pads") ?? [0, 0, 0, 0]];
  const isDeep = groups > 1 && filter!.shape[1] === 1;
  const parts = isDeep ? 12 : Math.min(groups, 2);
  const own = isDeep ? 1 : fewer(filter!.shape[1] as number, 12);
  const out = isDeep ? 12 : fewer(filter!.shape[0] as number, 16);
  const channels = own * parts;
  const said = isDeep || (own === 12 && out === 16) ? "" : `, ${own} channels to ${out}`;
  const steps = `steps ${strides}, padding ${pads}${groups === 1 ? "" : isDeep ? ", a group a channel" : ", in groups"}`;
  return {
    name: `Conv of ${height} x ${width}${said}, ${steps}`,
    emit: ({ graph, fed, stored }) => {
      const [rows, columns] = [9 + height, 11 + width];
      const shape = [
        2,
        out,
        convolved(rows, height, strides[0]!, pads[0]!, pads[2]!),
        convolved(columns, width, strides[1]!, pads[1]!, pads[3]!),
      ];
      const weights = stored([out, own, height, width]);
      const attributes = { ...node.attributes, ...(groups === 1 ? {} : { group: { int: parts } }) };
      return graph.node("Conv", [fed([2, channels, rows, columns]), weights, node.inputs[2] && stored([out])], shape, {
        attributes,
      });
    },
  };
};

/** Channels that kernels take as they take those of a model: by four, by three, or one by one. */
function fewer(channels: number, fours: number): number {
  if (channels % 4 === 0) return fours;
  return channels <= 12 ? channels : 12 + (channels % 12);
}
