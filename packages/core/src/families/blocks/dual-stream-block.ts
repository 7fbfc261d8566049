import type { Graph } from "../../graph/graph";
import type { Value } from "../../graph/value";
import { modulate, plainLayerNorm } from "./ada-layer-norm";
import { type BranchEdges, imageEdges, textEdges } from "./branch-edges";
import { type JointAttentionOptions, jointAttention, type Streams } from "./joint-attention";

/** One of the streams of a block. */
export interface StreamModules {
  /** Names of its modules. */
  readonly norm1: string;
  readonly norm2: string;
  readonly feedForward: string;
  /** Emits shift, scale and gate of the attention, then of the feed forward: `[B, 1, D]` or `[B, tokens, D]` each. */
  modulation(g: Graph): readonly Value[];
}

export interface DualStreamOptions {
  readonly image: StreamModules;
  readonly text: StreamModules;
  readonly attention: JointAttentionOptions;
  /** Of the layer normalizations. */
  readonly eps: number;
  feedForward(g: Graph, x: Value): Value;
}

/**
 * A block of MMDiT (https://arxiv.org/abs/2403.03206, figure 2b): text and image have weights of their own and meet in
 * the attention. Each branch, attention or feed forward, is a scope that ends before its gate.
 */
export function dualStreamBlock(g: Graph, { encoder, hidden }: Streams, options: DualStreamOptions): Streams {
  const { image, text, attention, eps, feedForward } = options;
  const normalize = (name: string, x: Value, shift: Value, scale: Value): Value => {
    const inner = g.scope(name);
    return modulate(inner, plainLayerNorm(inner, x, eps), shift, scale);
  };
  const enter = (x: Value, { norm1, modulation }: StreamModules): { normal: Value; parts: readonly Value[] } => {
    const parts = modulation(g);
    return { normal: normalize(norm1, x, parts[0]!, parts[1]!), parts };
  };
  const leave = (
    x: Value,
    attended: Value,
    { norm2, feedForward: name }: StreamModules,
    parts: readonly Value[],
    edges: BranchEdges,
  ) => {
    const [, , attentionGate, shift, scale, gate] = parts as [Value, Value, Value, Value, Value, Value];
    const y = g.add(x, g.mul(attentionGate, g.label(edges.leaves, attended)));
    const normal = g.label(edges.enters, normalize(norm2, y, shift, scale));
    return g.add(y, g.mul(gate, g.label(edges.leaves, feedForward(g.scope(name), normal))));
  };

  const [imageIn, textIn] = [enter(hidden, image), enter(encoder, text)];
  g.label(imageEdges.enters, imageIn.normal);
  g.label(textEdges.enters, textIn.normal);
  const attended = jointAttention(g.scope("attn"), { encoder: textIn.normal, hidden: imageIn.normal }, attention);
  const imageOut = leave(hidden, attended.hidden, image, imageIn.parts, imageEdges);
  const textOut = leave(encoder, attended.encoder, text, textIn.parts, textEdges);
  return { encoder: textOut, hidden: imageOut };
}
