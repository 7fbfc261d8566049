import { shapeMismatch } from "../errors/graph";
import type { AttentionInputs } from "./attention";
import { type Dim, equalShapes, shapeText } from "./dim";
import type { Graph } from "./graph";
import { convolved } from "./infer";
import { checkpointPayload, type Layout, laidOut } from "./payload";
import type { Value } from "./value";
import type { ConvOptions, Weight, WeightForm } from "./weight";

/**
 * Layers: ops with weights of the checkpoint, named relative to the graph's scope. Every linear, convolution and
 * embedding weight passes the `weight-load` hooks, every attention the `attention` hooks.
 */

/**
 * `x W^T + b` over the last axis; `<name>.weight` is `[N, K]`.
 * @param name `""` when g is the linear's own scope, so that a region may begin or end with it
 * @param x `[..., K]` @returns `[..., N]`
 */
export function linear(g: Graph, name: string, x: Value, outFeatures: number, options: Projection = {}): Value {
  return projected(g, name, x, outFeatures, options, []);
}

/**
 * A convolution of 1 x 1 over tokens, `x W^T + b`; `<name>.weight` is `[N, K, 1, 1]`. Plugins take it for the linear that
 * it is.
 * @param x `[..., K]` @returns `[..., N]`
 */
export function pointwise(g: Graph, name: string, x: Value, outFeatures: number, options: Projection = {}): Value {
  return projected(g, name, x, outFeatures, options, [1, 1]);
}

interface Projection {
  readonly bias?: boolean;
}

/** @param kernel what the weight's shape has in the checkpoint behind `[N, K]` */
function projected(
  g: Graph,
  name: string,
  x: Value,
  outFeatures: number,
  { bias = true }: Projection,
  kernel: readonly number[],
): Value {
  const inFeatures = x.shape.at(-1);
  if (typeof inFeatures !== "number")
    throw shapeMismatch(g.path, `linear ${name}`, `last axis of ${shapeText(x.shape)} must be a number`);
  const shape = [outFeatures, inFeatures];
  const stored = [...shape, ...kernel];
  const prefix = name === "" ? "" : `${name}.`;
  const { form, weight } = askPlugins(g, `${prefix}weight`, "linear", shape, x, { stored });
  const biasValue = bias ? g.weight(`${prefix}bias`, [outFeatures]) : undefined;
  if (form) return withBranch(g, weight, form.emit(g, x, biasValue));
  const turned = checkpointPayload(g.weights, g.fullName(`${prefix}weight`), stored, "transposed");
  const y = g.matmul(x, g.initializer(turned, [inFeatures, outFeatures]));
  return withBranch(g, weight, biasValue ? g.add(y, biasValue) : y);
}

/**
 * 2D convolution, square kernel.
 * @param x `[B, C, H, W]` @param options with `groups`, each part of the output's channels is made of its own part of
 * the input's; plugins are not asked for such weights, which are a small share of a model. With `frames` the weight is
 * a filter over so many frames of a video, `[N, C, frames, k, k]`, and x is the first frame: where a filter sees what
 * came before, and zeros are before the first, its last frame alone counts
 * @returns `[B, outChannels, H', W']`
 */
export function conv2d(
  g: Graph,
  name: string,
  x: Value,
  outChannels: number,
  kernel: number,
  options: ConvOptions & { readonly bias?: boolean; readonly groups?: number; readonly frames?: number } = {},
): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const { stride = 1, padding = 0, groups = 1, bias = true, frames } = options;
  if (channels % groups !== 0 || outChannels % groups !== 0)
    throw shapeMismatch(g.path, `conv2d ${name}`, `${channels} to ${outChannels} channels in ${groups} groups`);
  const shape = [outChannels, channels / groups, kernel, kernel];
  const stored = frames === undefined ? shape : [...shape.slice(0, 2), frames, kernel, kernel];
  const layout: Layout = frames === undefined ? "as-is" : "last-frame";
  const conv = { stride, padding };
  const asked = groups === 1 ? askPlugins(g, `${name}.weight`, "conv", shape, x, { conv, stored, layout }) : undefined;
  const biasValue = bias ? g.weight(`${name}.bias`, [outChannels]) : undefined;
  if (asked?.form) return withBranch(g, asked.weight, asked.form.emit(g, x, biasValue));
  const [top, left, bottom, right] = typeof padding === "number" ? [padding, padding, padding, padding] : padding;
  const output = [
    batch,
    outChannels,
    convolved(height, kernel, stride, top, bottom),
    convolved(width, kernel, stride, left, right),
  ];
  const y = g.node("Conv", [x, g.weight(`${name}.weight`, stored, layout), biasValue], output, {
    attributes: {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: [top, left, bottom, right] },
      ...(groups === 1 ? {} : { group: { int: groups } }),
    },
  });
  return asked ? withBranch(g, asked.weight, y) : y;
}

/** Rows of a table. @param ids int64 `[...]` @returns `[..., D]` */
export function embedding(g: Graph, name: string, ids: Value, rows: number, dim: number): Value {
  const { form } = askPlugins(g, `${name}.weight`, "embedding", [rows, dim], ids);
  return form ? form.emit(g, ids, undefined) : g.gather(g.weight(`${name}.weight`, [rows, dim]), ids, 0);
}

/** Layer normalization over the last axis, with weight and bias unless `affine` is false. */
export function layerNorm(
  g: Graph,
  name: string,
  x: Value,
  eps: number,
  { affine = true }: { readonly affine?: boolean } = {},
): Value {
  const dim = x.shape.at(-1) as number;
  const scale = affine ? g.weight(`${name}.weight`, [dim]) : ones(g, dim);
  const shift = affine ? g.weight(`${name}.bias`, [dim]) : undefined;
  return g.node("LayerNormalization", [x, scale, shift], x.shape, {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
}

/** The kernel wants a scale, also where there is none. */
function ones(g: Graph, count: number): Value {
  if (!(count <= mostOnes)) throw shapeMismatch(g.path, "layerNorm", `${count} features are more than a model has`);
  return g.constant(new Array<number>(count).fill(1));
}

const mostOnes = 2 ** 20;

/** RMS normalization over the last axis, https://arxiv.org/abs/1910.07467. */
export function rmsNorm(g: Graph, name: string, x: Value, eps: number): Value {
  const scale = g.weight(`${name}.weight`, [x.shape.at(-1) as number]);
  return g.node("SimplifiedLayerNormalization", [x, scale], x.shape, {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
}

/**
 * Group normalization of `[B, C, H, W]`, https://arxiv.org/abs/1803.08494. Each group is one row of a
 * LayerNormalization, whose kernel is faster than GroupNormalization's.
 */
export function groupNorm(g: Graph, name: string, x: Value, groups: number, eps: number): Value {
  const [batch, channels] = x.shape as [Dim, number, Dim, Dim];
  if (channels % groups !== 0)
    throw shapeMismatch(g.path, `groupNorm ${name}`, `${channels} channels do not divide into ${groups} groups`);
  const rows = g.reshape(x, [batch, groups, -1]);
  const normal = g.node("LayerNormalization", [rows, g.constant([1])], rows.shape, {
    attributes: { axis: { int: -1 }, epsilon: { float: eps } },
  });
  const perChannel = (weight: string): Value => g.reshape(g.weight(`${name}.${weight}`, [channels]), [channels, 1, 1]);
  return g.add(g.mul(g.reshape(normal, x.shape), perChannel("weight")), perChannel("bias"));
}

/** Scaled dot-product attention. @returns `[B, T, H*D]` */
export function attention(g: Graph, inputs: Omit<AttentionInputs, "scope">): Value {
  const scoped: AttentionInputs = { ...inputs, scope: g.path };
  const { query, key, value, heads, scale, keyMask, bias, causal = false } = scoped;
  if ((query.shape.at(-1) as number) % heads !== 0)
    throw shapeMismatch(g.path, "attention", `${shapeText(query.shape)} does not divide into ${heads} heads`);
  const answer = g.hooks.attention(scoped, g);
  if (answer) {
    if (!equalShapes(answer.shape, query.shape))
      throw shapeMismatch(
        g.path,
        "attention",
        `a plugin returned ${shapeText(answer.shape)}, the queries are ${shapeText(query.shape)}`,
      );
    return answer;
  }
  return g.node("MultiHeadAttention", [query, key, value, undefined, keyMask, bias], query.shape, {
    domain: "com.microsoft",
    attributes: {
      num_heads: { int: heads },
      ...(scale === undefined ? {} : { scale: { float: scale } }),
      ...(causal ? { unidirectional: { int: 1 } } : {}),
    },
  });
}

/**
 * Rotary position embedding, https://arxiv.org/abs/2104.09864.
 * @param x `[B, T, H*D]` @param cos `[B, T, D/2]` @param sin `[B, T, D/2]`
 * @param interleaved pairs are neighbours (2i, 2i+1) instead of halves (i, i + D/2)
 */
export function rotary(
  g: Graph,
  x: Value,
  cos: Value,
  sin: Value,
  heads: number,
  { interleaved }: { readonly interleaved: boolean },
): Value {
  return g.node("RotaryEmbedding", [x, cos, sin], x.shape, {
    attributes: { num_heads: { int: heads }, interleaved: { int: interleaved ? 1 : 0 } },
  });
}

/** In what a weight in the checkpoint is not as its layer is. */
interface StoredWeight {
  /** Its shape there. */
  readonly stored?: readonly number[];
  readonly layout?: Layout;
}

/** Checks a weight's shape and asks the plugins how to store it. */
function askPlugins(
  g: Graph,
  name: string,
  role: Weight["role"],
  shape: readonly number[],
  input: Value,
  { conv, stored = shape, layout = "as-is" }: StoredWeight & { readonly conv?: ConvOptions } = {},
): { readonly weight: Weight; readonly form: WeightForm | undefined } {
  const payload = checkpointPayload(g.weights, g.fullName(name), stored, layout);
  const packed = layout === "as-is" ? g.weights.packed?.(payload.label) : undefined;
  const weight: Weight = {
    name: payload.label,
    component: g.component,
    role,
    shape,
    dtype: g.weights.entry(payload.label).dtype,
    input,
    ...(conv ? { conv } : {}),
    key: payload.key,
    ...(packed ? { packed } : {}),
    read: () => laidOut(g.weights.readFloat32(payload.label), stored, layout),
  };
  return { weight, form: g.hooks.weightLoad(weight, g) };
}

/** Adds what runs beside a weight, in whatever form the weight itself is. */
function withBranch(g: Graph, weight: Weight, y: Value): Value {
  const branch = g.hooks.branch?.(weight, g);
  return branch ? g.add(y, branch) : y;
}
