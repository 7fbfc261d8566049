import type { Dim } from "../../graph/dim";
import type { Graph } from "../../graph/graph";
import { attention, layerNorm, linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { adaLayerNormContinuous, modulate, modulation, plainLayerNorm } from "./ada-layer-norm";
import { imageEdges, textEdges } from "./branch-edges";
import { feedForward } from "./feed-forward";
import { join, normalizeHeads, type Streams, separate } from "./joint-attention";
import { projectedAttention } from "./projected-attention";

/** How each head's queries and keys are normalized, by diffusers' names. */
export type QueryKeyNorm = "rms_norm" | "layer_norm" | "fp32_layer_norm" | null;

export interface BlockOptions {
  readonly heads: number;
  readonly queryKeyNorm: QueryKeyNorm;
  /** Whether image tokens attend to themselves once more, beside the joint attention. */
  readonly isDual: boolean;
}

/** What the conditioning says of one branch, `[B, 1, D]` each. */
interface Branch {
  readonly shift: Value;
  readonly scale: Value;
  readonly gate: Value;
}

const EPS = 1e-6;

/**
 * MMDiT block: text and image tokens with weights of their own that attend to each other,
 * https://arxiv.org/abs/2403.03206, section 4; g is the module's scope.
 * @param conditioning `[B, D]`, after SiLU
 */
export function jointBlock(g: Graph, streams: Streams, conditioning: Value, options: BlockOptions): Streams {
  const { encoder, hidden } = streams;
  const image = branches(g, "norm1.linear", conditioning, options.isDual ? 3 : 2);
  const [attendText, feedText] = branches(g, "norm1_context.linear", conditioning, 2) as [Branch, Branch];
  const attn = g.scope("attn");
  const normal = {
    encoder: g.label(textEdges.enters, modulated(g, encoder, attendText)),
    hidden: g.label(imageEdges.enters, modulated(g, hidden, image[0]!)),
  };
  const mixed = separate(attn, mix(attn, normal, options), encoder.shape[1]!);
  const attended = project(attn, "to_out.0", mixed.hidden);
  const attendedText = project(attn, "to_add_out", mixed.encoder);
  attn.tap(attended, attendedText);

  const hiddenOut = imageStream(g, hidden, image, attended, options);
  const text = gated(g, encoder, attendText, g.label(textEdges.leaves, attendedText));
  const fed = feedForward(g.scope("ff_context"), g.label(textEdges.enters, modulated(g, text, feedText)));
  return { encoder: gated(g, text, feedText, g.label(textEdges.leaves, fed)), hidden: hiddenOut };
}

/** The last block, after which the text is needed no more. @returns image tokens */
export function lastJointBlock(
  g: Graph,
  { encoder, hidden }: Streams,
  conditioning: Value,
  options: BlockOptions,
): Value {
  const image = branches(g, "norm1.linear", conditioning, options.isDual ? 3 : 2);
  const text = adaLayerNormContinuous(g.scope("norm1_context"), encoder, conditioning);
  const attn = g.scope("attn");
  const normal = {
    encoder: g.label(textEdges.enters, text),
    hidden: g.label(imageEdges.enters, modulated(g, hidden, image[0]!)),
  };
  const mixed = mix(attn, normal, options); // [B, S + T, D]
  const attended = project(attn, "to_out.0", attn.slice(mixed, 1, encoder.shape[1]!, mixed.shape[1]!));
  attn.tap(attended);
  return imageStream(g, hidden, image, attended, options);
}

/** Adds attention, second attention and feed forward to image tokens. @param attended what the joint attention gave */
function imageStream(
  g: Graph,
  x: Value,
  [attend, feed, attendAgain]: readonly Branch[],
  attended: Value,
  options: BlockOptions,
): Value {
  const left = (output: Value): Value => g.label(imageEdges.leaves, output);
  const entered = (value: Value, branch: Branch): Value => g.label(imageEdges.enters, modulated(g, value, branch));
  let y = gated(g, x, attend!, left(attended));
  if (attendAgain) {
    const again = projectedAttention(g.scope("attn2"), entered(x, attendAgain), {
      heads: options.heads,
      normalize: (inner, name, value) => normalizeQueryKey(inner, name, value, options),
    });
    y = gated(g, y, attendAgain, left(again));
  }
  return gated(g, y, feed!, left(feedForward(g.scope("ff"), entered(y, feed!))));
}

/** Attention over text and image tokens, text in front. @returns `[B, S + T, D]`, before the output projections */
function mix(g: Graph, { encoder, hidden }: Streams, options: BlockOptions): Value {
  const normalized = (name: string, norm: string, x: Value): Value =>
    normalizeQueryKey(g, norm, project(g, name, x), options);
  return attention(g, {
    kind: "joint",
    query: join(g, {
      encoder: normalized("add_q_proj", "norm_added_q", encoder),
      hidden: normalized("to_q", "norm_q", hidden),
    }),
    key: join(g, {
      encoder: normalized("add_k_proj", "norm_added_k", encoder),
      hidden: normalized("to_k", "norm_k", hidden),
    }),
    value: join(g, { encoder: project(g, "add_v_proj", encoder), hidden: project(g, "to_v", hidden) }),
    heads: options.heads,
  });
}

/** @param x `[B, T, D]` */
function normalizeQueryKey(g: Graph, name: string, x: Value, { heads, queryKeyNorm }: BlockOptions): Value {
  if (queryKeyNorm === null) return x;
  if (queryKeyNorm === "rms_norm") return normalizeHeads(g, name, x, heads, EPS);
  const [batch, tokens, width] = x.shape as [Dim, Dim, number];
  const perHead = g.reshape(x, [batch, tokens, heads, width / heads]);
  return g.reshape(layerNorm(g, name, perHead, EPS, { affine: queryKeyNorm === "layer_norm" }), x.shape);
}

/** A linear that keeps the width. */
function project(g: Graph, name: string, x: Value): Value {
  return linear(g, name, x, x.shape.at(-1) as number);
}

function branches(g: Graph, name: string, conditioning: Value, count: number): Branch[] {
  const parts = modulation(g, name, conditioning, 3 * count, conditioning.shape.at(-1) as number);
  return Array.from({ length: count }, (_, i) => {
    const [shift, scale, gate] = parts.slice(3 * i) as [Value, Value, Value];
    return { shift, scale, gate };
  });
}

/** What enters a branch. */
function modulated(g: Graph, x: Value, { shift, scale }: Branch): Value {
  return modulate(g, plainLayerNorm(g, x), shift, scale);
}

/** Adds what leaves a branch. */
function gated(g: Graph, x: Value, { gate }: Branch, output: Value): Value {
  return g.add(x, g.mul(gate, output));
}
