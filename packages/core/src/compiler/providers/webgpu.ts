import type { Dim } from "../../graph/dim";
import type { Node, Value } from "../../graph/value";
import { isInitializer } from "../weights-layout";
import type { Rule } from "./profile";
import type { StandIn } from "./stand-in";

/** Added to the score of a key that may not be seen. As far down as a softmax needs, and far from infinity. */
const unseen = -1e30;

/**
 * ONNX Runtime 1.30's WebGPU kernels. MultiHeadAttention has no `key_padding_mask` there, and its flash kernel is wrong
 * where there are more keys than a subgroup has threads; LayerNormalization refuses a scale of one element.
 */
export const webgpuRules: Readonly<Record<string, Rule>> = {
  MultiHeadAttention: attention,
  LayerNormalization: groupRows,
};

/** As scores, softmax and sum: `MatMul` and `Softmax` are right everywhere. */
function attention(
  node: Node,
  g: StandIn,
  { fusedAttention }: { readonly fusedAttention: boolean },
): Value | undefined {
  const [query, key, value, , keyMask, bias] = node.inputs as [Value, Value, Value, undefined, Value?, Value?];
  const heads = int(node, "num_heads")!;
  const isCausal = int(node, "unidirectional") === 1;
  if (fusedAttention && !keyMask && !isCausal) return undefined;
  const size = (query.shape.at(-1) as number) / heads;
  const scale = float(node, "scale") ?? 1 / Math.sqrt(size);
  const q = split(g, g.mul(query, g.constant(scale)), heads, [0, 2, 1, 3]); // [B, H, T, D]
  const k = split(g, key, heads, [0, 2, 3, 1]); // [B, H, D, S]
  const v = split(g, value, heads, [0, 2, 1, 3]); // [B, H, S, D]
  let scores = g.matmul(q, k); // [B, H, T, S]
  if (bias) scores = g.add(scores, bias);
  if (keyMask) scores = g.add(scores, hidden(g, g.cast(keyMask, "float32")));
  if (isCausal) scores = g.add(scores, future(g, query, key));
  const sums = g.transpose(g.matmul(g.softmax(scores), v), [0, 2, 1, 3]); // [B, T, H, D]
  return g.node("Reshape", [sums, g.constant([0, 0, heads * size], undefined, "int64")], query.shape);
}

/** `[B, T, H*D]` to heads, transposed. */
function split(g: StandIn, x: Value, heads: number, order: readonly number[]): Value {
  const size = (x.shape.at(-1) as number) / heads;
  const shape = [x.shape[0]!, x.shape[1]!, heads, size];
  return g.transpose(g.node("Reshape", [x, g.constant([0, 0, heads, size], undefined, "int64")], shape), order);
}

/** `[B, S]` to `[B, 1, 1, S]`: 0 where the mask is 1, far below where it is 0. */
function hidden(g: StandIn, mask: Value): Value {
  const [batch, keys] = mask.shape as [Dim, Dim];
  const below = g.mul(g.sub(g.constant(1), mask), g.constant(unseen));
  return g.node("Reshape", [below, g.constant([0, 1, 1, -1], undefined, "int64")], [batch, 1, 1, keys]);
}

/** `[T, S]`: far below where a key stands behind its query. Places are counted by ONNX, as sizes are not fed anew. */
function future(g: StandIn, query: Value, key: Value): Value {
  const count = (x: Value): Value => {
    const shape = g.node("Shape", [x], [3], { dtype: "int64" });
    const length = g.node("Gather", [shape, g.constant(1, undefined, "int64")], [], { dtype: "int64" });
    const [from, step] = [0, 1].map((number) => g.constant(number, undefined, "int64"));
    return g.node("Range", [from, length, step], [x.shape[1]!], { dtype: "int64" });
  };
  const rows = g.node("Unsqueeze", [count(query), g.constant([1], undefined, "int64")], [query.shape[1]!, 1]);
  const isBehind = g.node("Greater", [count(key), rows], [query.shape[1]!, key.shape[1]!], { dtype: "bool" });
  return g.where(isBehind, g.constant(unseen), g.constant(0));
}

/** Rows that are groups, as `groupNorm` emits them: each is an instance. `[B, groups, elements]` */
function groupRows({ inputs, outputs, attributes }: Node, g: StandIn): Value | undefined {
  const [rows, scale] = inputs as [Value, Value];
  const groups = rows.shape[1];
  if (!isInitializer(scale) || scale.shape.join() !== "1" || typeof groups !== "number") return undefined;
  const [ones, zeros] = [1, 0].map((number) => g.constant(new Array<number>(groups).fill(number)));
  return g.node("InstanceNormalization", [rows, ones, zeros], outputs[0]!.shape, {
    attributes: { epsilon: attributes.epsilon! },
  });
}

function int({ attributes }: Node, name: string): number | undefined {
  const value = attributes[name];
  return value && "int" in value ? value.int : undefined;
}

function float({ attributes }: Node, name: string): number | undefined {
  const value = attributes[name];
  return value && "float" in value ? value.float : undefined;
}
