import {
  type AttentionInputs,
  type EmittedAttention,
  equalDims,
  type Graph,
  inject,
  type Plugin,
  PluginOptions,
  plugin,
} from "@skipstep/core/plugin";
import type { Attended } from "./attended";
import { backendOf } from "./attention-backend";
import type { AttentionBias, Band } from "./attention-bias";
import { biasOnCausal } from "./errors";
import { underMask } from "./memory-efficient-attention";
import { type Choice, choiceOf, options, type XformersOptions } from "./options";

/** A query sees no later key. */
const causal: Band = { anchor: "top-left", left: Number.POSITIVE_INFINITY, right: 0 };

/**
 * `memory_efficient_attention` of https://github.com/facebookresearch/xformers at every attention of the components that
 * the config names: the same result by another kernel, with less memory, or under a mask that leaves keys out.
 */
@plugin<XformersOptions>({
  name: "xformers",
  batchInvariant: true,
  description: "Attention as in xformers: fused, in blocks of queries, under masks and local windows.",
  options,
  regions: (structure, given) => {
    choiceOf(given, structure);
    return [];
  },
})
export class Xformers implements Plugin {
  private readonly choice: Choice;

  constructor(@inject(PluginOptions) private readonly options: XformersOptions) {
    this.choice = choiceOf(options);
  }

  attention(inputs: AttentionInputs, g: Graph): EmittedAttention | undefined {
    const { op: usual, block_size, scale } = this.options;
    const op = backendOf(this.choice.backend, g.component, inputs.kind) ?? usual;
    if (op === "native") return undefined;
    const { query, key, value, heads, keyMask, bias } = inputs;
    const own = inputs.scale ?? 1 / Math.sqrt((query.shape[2] as number) / heads);
    const attended: Attended = { query, key, value, heads, scale: scale ?? own, keyMask, bias };
    const { name, mask } = this.maskOf(inputs);
    const output = underMask(g, op, attended, mask, block_size);
    return { output, kernel: [op, ...(op === "cutlass" ? [`of ${block_size}`] : []), ...name].join(" ") };
  }

  /** The config's mask, the model's own, or both. */
  private maskOf({ kind, query, key, causal: isCausal = false, scope }: AttentionInputs): {
    mask: AttentionBias;
    name: string[];
  } {
    const { bias } = this.choice;
    const chosen = bias && this.options.attn_bias_kinds.includes(kind) ? bias : undefined;
    if (!chosen) return { mask: isCausal ? { band: causal } : {}, name: [] };
    const name = [`under ${chosen.name}`];
    if (!isCausal) return { mask: chosen.mask, name };
    const { blocks, band } = chosen.mask;
    const isSquare = blocks
      ? blocks.q_seqlen.every((length, i) => length === blocks.kv_seqlen[i])
      : equalDims(query.shape[1]!, key.shape[1]!);
    if (!isSquare) throw biasOnCausal(chosen.name, scope);
    return { mask: { ...(blocks ? { blocks } : {}), band: band ? { ...band, right: 0 } : causal }, name };
  }
}
