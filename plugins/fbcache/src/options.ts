import type { JSONSchemaType } from "@skipstep/core/plugin";

export interface FirstBlockCacheOptions {
  /** Relative change of the first block's residual below which the other blocks are reused. 0 never reuses. */
  threshold: number;
  /** Whose rule: a change equal to the threshold computes in ParaAttention, and reuses in diffusers. */
  rule: "para_attn" | "diffusers";
  /** Steps at the start that are always computed. */
  warmup_steps: number;
  /** Derivatives with which the reused residual is continued; 0 repeats it. */
  taylorseer_order: number;
}

export const options: JSONSchemaType<FirstBlockCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    threshold: {
      type: "number",
      minimum: 0,
      default: 0.08,
      description:
        "Relative L1 change of the first block's residual below which the other blocks are reused. 0 never reuses.",
    },
    rule: {
      type: "string",
      enum: ["para_attn", "diffusers"],
      default: "para_attn",
      description: "Whose rule: a change equal to the threshold computes in ParaAttention, and reuses in diffusers.",
    },
    warmup_steps: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Steps at the start that are always computed.",
    },
    taylorseer_order: {
      type: "integer",
      minimum: 0,
      maximum: 3,
      default: 0,
      description: "Derivatives with which TaylorSeer continues what is reused; 0 repeats it.",
    },
  },
};
