import { intOf } from "../../graph/attributes";
import type { CaseOf } from "./kernel-case";

const rows = 24;

/** A product with a matrix in few bits, in the blocks of a node, with zero points where it has some. */
export const nBitsCase: CaseOf = (node) => {
  const [bits, block] = [intOf(node, "bits") ?? 4, intOf(node, "block_size") ?? 32];
  const zeroPoints = node.inputs[3];
  const rounds = intOf(node, "accuracy_level") === 4;
  const blocks = 2;
  const attributes = { ...node.attributes, N: { int: rows }, K: { int: blocks * block } };
  return {
    name: `MatMulNBits of ${bits} bits, blocks of ${block}${zeroPoints ? ", zero points" : ""}${rounds ? ", int8 activations" : ""}`,
    // Activations are rounded to int8 in blocks that differ from kernel to kernel.
    ...(rounds ? { tolerance: 3e-2 } : {}),
    emit: ({ graph, fed, stored, codes }) =>
      [1, 20].map((tokens) => {
        const packed = codes([rows, blocks, (block * bits) / 8], "uint8");
        const offsets = zeroPoints && codes([rows, Math.ceil((blocks * bits) / 8)], "uint8");
        const inputs = [fed([1, tokens, blocks * block]), packed, stored([rows, blocks]), offsets];
        return graph.node("MatMulNBits", inputs, [1, tokens, rows], { domain: "com.microsoft", attributes });
      }),
  };
};

/** A product with a matrix of bitsandbytes' 4 bits. */
export const bnb4Case: CaseOf = (node) => {
  const [block, type] = [intOf(node, "block_size") ?? 64, intOf(node, "quant_type") ?? 1];
  const columns = 2 * block;
  const attributes = { ...node.attributes, N: { int: rows }, K: { int: columns } };
  return {
    name: `MatMulBnb4 of ${type === 1 ? "nf4" : "fp4"}, blocks of ${block}`,
    emit: ({ graph, fed, stored, codes }) => {
      const inputs = [
        fed([1, 20, columns]),
        codes([(rows * columns) / 2], "uint8"),
        stored([(rows * columns) / block]),
      ];
      return graph.node("MatMulBnb4", inputs, [1, 20, rows], { domain: "com.microsoft", attributes });
    },
  };
};

/** Whole numbers of 8 bits that are scaled in blocks along an axis, or each by the scale of its row. */
export const dequantizeCase: CaseOf = (node) => {
  const [values, scale, zeroPoint] = node.inputs;
  const block = intOf(node, "block_size");
  const axis = intOf(node, "axis") ?? 1;
  const { dtype } = values!;
  if (values!.shape.length !== 3 || !block || axis !== 1 || zeroPoint) return undefined;
  return {
    name: `DequantizeLinear of ${dtype}, blocks of ${block}`,
    emit: ({ graph, stored, codes }) =>
      graph.node("DequantizeLinear", [codes([2, block, 12], dtype), stored([2, 1, 12])], [2, block, 12], {
        dtype: scale!.dtype,
        attributes: node.attributes,
      }),
  };
};
