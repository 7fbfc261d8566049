import type { JSONSchemaType, Structure } from "@skipstep/core/plugin";
import { type Op, ops } from "./attend";
import { type Backend, type BackendOption, parseBackend } from "./attention-backend";
import type { AttentionBias } from "./attention-bias";
import { dropoutUnfit } from "./errors";
import { defaultBlockSize } from "./memory-efficient-attention";
import { type BiasOption, parseBias } from "./parse-bias";

/** Names are those of `xformers.ops.memory_efficient_attention`. */
export interface XformersOptions {
  op: Op;
  /** Other ops, or `native` for core's own, for some: `{ "cross": "math", "text_encoder": "native" }`. */
  attention_backend: BackendOption;
  /** Queries of a block, for `cutlass` and under masks. */
  block_size: number;
  attn_bias: BiasOption | null;
  /** The attentions that the mask stands over. */
  attn_bias_kinds: readonly ("self" | "cross" | "joint")[];
  /** What scores are multiplied with; the model's own when null. */
  scale: number | null;
  /** Dropout: must be 0. */
  p: number;
}

const about = {
  op: "flash is ONNX Runtime's fused kernel, cutlass works in blocks of queries, math with an operator each step.",
  attention_backend:
    'Another op, or native for none, by kind and component: { "cross": "math", "text_encoder": "native", "vae.self": "cutlass" }; or one for all.',
  block_size: "Queries whose scores exist at a time, for cutlass and under masks: fewer take less memory.",
  attn_bias: 'A mask: "LowerTriangularMask", { "LocalAttentionFromBottomRightMask": { "window_left": 64, ... } }.',
  attn_bias_kinds: "The attentions that the mask stands over.",
  scale: "What scores are multiplied with; the model's own when left out.",
  p: "Dropout. Images are made without it: must be 0.",
} as const satisfies Record<keyof XformersOptions, string>;

export const options = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    op: { type: "string", enum: ops, default: "flash", description: about.op },
    attention_backend: { type: ["string", "object"], default: {}, description: about.attention_backend },
    block_size: { type: "integer", minimum: 1, default: defaultBlockSize, description: about.block_size },
    attn_bias: { type: ["string", "object"], nullable: true, default: null, description: about.attn_bias },
    attn_bias_kinds: {
      type: "array",
      items: { type: "string", enum: ["self", "cross", "joint"] },
      minItems: 1,
      uniqueItems: true,
      default: ["self", "joint"],
      description: about.attn_bias_kinds,
    },
    scale: { type: "number", nullable: true, default: null, description: about.scale },
    p: { type: "number", minimum: 0, maximum: 1, default: 0, description: about.p },
  },
} as unknown as JSONSchemaType<XformersOptions>; // its types know no choice of text and object

/** What the options come to. */
export interface Choice {
  readonly backend: Backend;
  readonly bias?: { readonly name: string; readonly mask: AttentionBias };
}

/** @throws SKIPSTEP_PLUGIN_OPTION for what the schema cannot tell */
export function choiceOf({ p, attn_bias, attention_backend }: XformersOptions, structure?: Structure): Choice {
  if (p !== 0) throw dropoutUnfit(p);
  const backend = parseBackend(attention_backend, structure?.components);
  return { backend, ...(attn_bias === null ? {} : { bias: parseBias(attn_bias) }) };
}
