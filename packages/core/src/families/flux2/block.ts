import type { Graph } from "../../graph/graph";
import { linear } from "../../graph/layers";
import type { Value } from "../../graph/value";
import { modulate, plainLayerNorm } from "../blocks/ada-layer-norm";
import {
  attend,
  type JointAttentionOptions,
  join,
  normalizeHeads,
  type Streams,
  separate,
} from "../blocks/joint-attention";

const noBias = { bias: false } as const;

/**
 * Attention and feed forward side by side, in the scope `attn` up to the gate. The reference keeps text and image
 * joined from block to block; here they come apart, so that all blocks have the same streams.
 * @param modulation shift, scale and gate, `[B, 1, D]` each @param innerWidth features inside the feed forward
 */
export function singleBlock(
  g: Graph,
  streams: Streams,
  modulation: readonly Value[],
  attention: JointAttentionOptions,
  innerWidth: number,
): Streams {
  const [shift, scale, gate] = modulation as [Value, Value, Value];
  const { heads, eps } = attention;
  const joint = join(g, streams); // [B, T, D]
  const width = joint.shape.at(-1) as number;
  const normal = modulate(g, plainLayerNorm(g.scope("norm"), joint, eps), shift, scale);
  const attn = g.scope("attn");
  const fused = linear(attn, "to_qkv_mlp_proj", normal, 3 * width + 2 * innerWidth, noBias);
  const [query, key, value, passed] = attn.split(fused, [width, width, width, 2 * innerWidth], 2) as [
    Value,
    Value,
    Value,
    Value,
  ];
  const mixed = attend(
    attn,
    {
      query: normalizeHeads(attn, "norm_q", query, heads, eps),
      key: normalizeHeads(attn, "norm_k", key, heads, eps),
      value,
    },
    attention,
  );
  const branch = linear(attn, "to_out", attn.concat([mixed, swiGlu(attn, passed)], 2), width, noBias);
  attn.tap(branch);
  return separate(g, g.add(joint, g.mul(gate, branch)), streams.encoder.shape[1]!);
}

/** @param x `[B, T, D]` @param innerWidth features between the two layers @returns `[B, T, D]` */
export function feedForward(g: Graph, x: Value, innerWidth: number): Value {
  const hidden = linear(g, "linear_in", x, 2 * innerWidth, noBias);
  const output = linear(g, "linear_out", swiGlu(g, hidden), x.shape.at(-1) as number, noBias);
  g.tap(output);
  return output;
}

/** The first half gates the second. @param x `[B, T, 2 N]` @returns `[B, T, N]` */
function swiGlu(g: Graph, x: Value): Value {
  const [gate, passed] = g.chunk(x, 2, 2) as [Value, Value];
  return g.mul(g.silu(gate), passed);
}
