import { floatOf, intOf } from "../../graph/attributes";
import type { CaseOf } from "./kernel-case";

/** A normalization over the last axis, with weight and bias where a node has them. */
export const rowNormCase: CaseOf = (node) => {
  const [, scale, shift] = node.inputs;
  if (intOf(node, "axis") !== -1) return undefined;
  const isOne = scale!.shape.join() === "1";
  const features = scale!.shape[0] as number;
  const width = isOne || features % 4 === 0 ? 64 : 30; // kernels take four features at a time where they can
  const said = [
    ...(width === 64 ? [] : ["odd features"]),
    ...(isOne ? ["groups"] : []),
    ...(shift ? ["bias"] : []),
    `epsilon ${floatOf(node, "epsilon")}`,
  ];
  return {
    name: `${node.op} with ${said.join(", ")}`,
    emit: ({ graph, fed, stored }) => {
      const x = isOne ? fed([2, 4, 3 * width]) : fed([2, 9, width]);
      const inputs = [x, isOne ? graph.constant([1]) : stored([width]), shift && stored([width])];
      return graph.node(node.op, inputs, x.shape, { domain: node.domain, attributes: node.attributes });
    },
  };
};

export const instanceNormCase: CaseOf = ({ attributes }) => ({
  name: "InstanceNormalization",
  emit: ({ graph, fed, stored }) =>
    graph.node("InstanceNormalization", [fed([2, 6, 50]), stored([6]), stored([6])], [2, 6, 50], { attributes }),
});
