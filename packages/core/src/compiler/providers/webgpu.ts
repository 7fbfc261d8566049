import { floatOf, intOf } from "../../graph/attributes";
import type { Dim } from "../../graph/dim";
import type { Node, Value } from "../../graph/value";
import { isInitializer } from "../weights-layout";
import { nBitsForms } from "./n-bits-forms";
import { cosine, sine } from "./polynomials";
import type { Form } from "./profile";
import type { StandIn } from "./stand-in";

/** Added to the score of a key that may not be seen. As far down as a softmax needs, and far from infinity. */
const unseen = -1e30;

/**
 * ONNX Runtime 1.30's WebGPU kernels. MultiHeadAttention has neither `key_padding_mask` nor causal masks there, and its
 * flash kernel is wrong where there are more keys than a subgroup has threads; LayerNormalization refuses a scale of one
 * element; Conv is wrong where it takes channels by three.
 */
export const webgpuForms: Readonly<Record<string, readonly Form[]>> = {
  MultiHeadAttention: [
    { name: "fused", fits: (node) => !hides(node) },
    { name: "biased", fits: hides, emit: biasedAttention },
    { name: "composed", emit: composedAttention },
  ],
  Conv: [{ name: "plain" }, { name: "padded", fits: takesThrees, emit: paddedConvolution }],
  LayerNormalization: [
    { name: "instances", fits: hasRowsOfGroups, emit: groupsAsInstances },
    { name: "fused", fits: (node) => !hasRowsOfGroups(node) },
  ],
  Sin: [{ name: "polynomial", emit: sine }],
  Cos: [{ name: "polynomial", emit: cosine }],
  FusedMatMul: [{ name: "product", emit: plainProduct }],
  SpaceToDepth: [{ name: "slices", emit: squaresAsSlices }],
  GlobalAveragePool: [{ name: "mean", emit: meanOfPixels }],
  MatMulNBits: nBitsForms,
};

interface Attention {
  /** `[B, T, H*D]` */
  readonly query: Value;
  /** `[B, S, H*D]`, or `[B, H, S, D]`. */
  readonly key: Value;
  /** `[B, S, H*E]`, or `[B, H, S, E]`. */
  readonly value: Value;
  /** int32 `[B, S]` */
  readonly keyMask: Value | undefined;
  /** Broadcast to `[B, H, T, S]` */
  readonly bias: Value | undefined;
  readonly heads: number;
  readonly isCausal: boolean;
}

function attentionOf(node: Node): Attention {
  const [query, key, value, , keyMask, bias] = node.inputs as [Value, Value, Value, undefined, Value?, Value?];
  const heads = intOf(node, "num_heads")!;
  return { query, key, value, keyMask, bias, heads, isCausal: intOf(node, "unidirectional") === 1 };
}

/** Whether an attention hides keys in a way that the kernel does not know. */
function hides(node: Node): boolean {
  const { keyMask, isCausal } = attentionOf(node);
  return keyMask !== undefined || isCausal;
}

/** Keys that may not be seen are hidden by what is added to the scores, which must be there for each query. */
function biasedAttention(node: Node, g: StandIn): Value {
  const { unidirectional: _, ...attributes } = node.attributes;
  const { query, key, value } = attentionOf(node);
  const bias = scoreBias(node, g)!;
  const forEach = bias.shape[2] === 1 ? g.add(bias, zeros(g, query)) : bias;
  const inputs = [query, key, value, undefined, undefined, forEach];
  return g.node("MultiHeadAttention", inputs, node.outputs[0]!.shape, {
    domain: "com.microsoft",
    attributes,
  });
}

/** @returns `[T, 1]` */
function zeros(g: StandIn, query: Value): Value {
  const along = g.node("Expand", [g.constant([0]), length(g, query)], [query.shape[1]!]);
  return g.node("Unsqueeze", [along, g.constant([1], undefined, "int64")], [query.shape[1]!, 1]);
}

/** The number of tokens in `[B, T, D]` or `[B, H, T, D]`: sizes are not fed anew. @returns int64 `[1]` */
function length(g: StandIn, x: Value): Value {
  const axis = x.shape.length - 2;
  return g.node("Shape", [x], [1], { dtype: "int64", attributes: { start: { int: axis }, end: { int: axis + 1 } } });
}

/** As scores, softmax and sum: `MatMul` and `Softmax` are right everywhere. */
function composedAttention(node: Node, g: StandIn): Value {
  const { query, key, value, heads } = attentionOf(node);
  const scale = floatOf(node, "scale") ?? 1 / Math.sqrt((query.shape.at(-1) as number) / heads);
  const isSplit = (x: Value): boolean => x.shape.length === 4;
  const q = split(g, g.mul(query, g.constant(scale)), heads, [0, 2, 1, 3]); // [B, H, T, D]
  const k = isSplit(key) ? g.transpose(key, [0, 1, 3, 2]) : split(g, key, heads, [0, 2, 3, 1]); // [B, H, D, S]
  const v = isSplit(value) ? value : split(g, value, heads, [0, 2, 1, 3]); // [B, H, S, E]
  const bias = scoreBias(node, g);
  const scores = g.matmul(q, k); // [B, H, T, S]
  const shares = g.softmax(bias ? g.add(scores, bias) : scores);
  const sums = g.transpose(g.matmul(shares, v), [0, 2, 1, 3]); // [B, T, H, E]
  const shape = node.outputs[0]!.shape;
  return g.node("Reshape", [sums, g.constant([0, 0, shape.at(-1) as number], undefined, "int64")], shape);
}

/** Its own bias, and far below where a key may not be seen. @returns broadcast to `[B, H, T, S]` */
function scoreBias(node: Node, g: StandIn): Value | undefined {
  const { query, key, keyMask, bias, isCausal } = attentionOf(node);
  const parts = [
    ...(bias ? [bias] : []),
    ...(keyMask ? [hidden(g, g.cast(keyMask, "float32"))] : []),
    ...(isCausal ? [future(g, query, key)] : []),
  ];
  return parts.length === 0 ? undefined : parts.reduce((sum, part) => g.add(sum, part));
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

/**
 * `[1, 1, T, S]`: far below where a key stands behind its query. Places are counted by adding ones up, in float32: whole
 * numbers of 64 bits have no kernels.
 */
function future(g: StandIn, query: Value, key: Value): Value {
  const places = (x: Value): Value => {
    const ones = g.node("Expand", [g.constant([1]), length(g, x)], [x.shape.at(-2)!]);
    return g.node("CumSum", [ones, g.constant([0], undefined, "int64")], ones.shape);
  };
  const rows = g.node("Unsqueeze", [places(query), g.constant([1], undefined, "int64")], [query.shape[1]!, 1]);
  const shape = [1, 1, query.shape[1]!, key.shape.at(-2)!];
  const isBehind = g.node("Greater", [places(key), rows], shape.slice(2), { dtype: "bool" });
  const below = g.where(isBehind, g.constant(unseen), g.constant(0));
  return g.node("Unsqueeze", [below, g.constant([0, 1], undefined, "int64")], shape);
}

/** Six channels, nine, fifteen: a multiple of three and none of four, to a multiple of four. */
function takesThrees({ inputs: [, filter], attributes }: Node): boolean {
  const [out, channels] = filter!.shape as [number, number];
  return attributes.group === undefined && channels % 3 === 0 && channels % 4 !== 0 && channels > 3 && out % 4 === 0;
}

/** With channels of zeros up to a multiple of four. */
function paddedConvolution({ inputs, outputs, attributes }: Node, g: StandIn): Value {
  const [x, filter, bias] = inputs as [Value, Value, Value?];
  const missing = 4 - ((filter.shape[1] as number) % 4);
  const pads = g.constant([0, 0, 0, 0, 0, missing, 0, 0], undefined, "int64");
  const padded = [x, filter].map((value) => {
    const shape = value.shape.map((dim, i) => (i === 1 ? (dim as number) + missing : dim));
    return g.node("Pad", [value, pads], shape);
  });
  return g.node("Conv", [...padded, bias], outputs[0]!.shape, { attributes });
}

/** Rows that are groups, as `groupNorm` emits them: `[B, groups, elements]`, with one number for a scale. */
function hasRowsOfGroups({ inputs }: Node): boolean {
  const [rows, scale] = inputs as [Value, Value];
  return isInitializer(scale) && scale.shape.join() === "1" && typeof rows.shape[1] === "number";
}

/** Each group is an instance. */
function groupsAsInstances({ inputs, outputs, attributes }: Node, g: StandIn): Value {
  const [rows] = inputs as [Value];
  const [ones, zeros] = [1, 0].map((number) => g.constant(new Array<number>(rows.shape[1] as number).fill(number)));
  return g.node("InstanceNormalization", [rows, ones, zeros], outputs[0]!.shape, {
    attributes: { epsilon: attributes.epsilon! },
  });
}

/** Every pixel of each square, one place after the other, along the channels. */
function squaresAsSlices(node: Node, g: StandIn): Value {
  const block = intOf(node, "blocksize")!;
  const [x, output] = [node.inputs[0]!, node.outputs[0]!];
  const pair = (a: number, b: number): Value => g.constant([a, b], undefined, "int64");
  const [ends, axes, steps] = [pair(2 ** 31 - 1, 2 ** 31 - 1), pair(2, 3), pair(block, block)];
  const shape = [x.shape[0]!, x.shape[1]!, ...output.shape.slice(2)];
  const places = Array.from({ length: block * block }, (_, i) => pair(Math.floor(i / block), i % block));
  return g.concat(
    places.map((start) => g.node("Slice", [x, start, ends, axes, steps], shape)),
    1,
  );
}

function meanOfPixels({ inputs, outputs }: Node, g: StandIn): Value {
  return g.node("ReduceMean", [inputs[0], g.constant([2, 3], undefined, "int64")], outputs[0]!.shape);
}

/** `alpha A B`, of transposed matrices where it says so. */
function plainProduct(node: Node, g: StandIn): Value {
  const [a, b] = ["transA", "transB"].map((name, i) => {
    const x = node.inputs[i]!;
    const axes = x.shape.map((_, axis) => axis);
    return intOf(node, name) === 1 ? g.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]) : x;
  }) as [Value, Value];
  return g.mul(g.matmul(a, b), g.constant(floatOf(node, "alpha") ?? 1));
}
