import type { JSONSchemaType } from "@skipstep/core/plugin";

/** Names and defaults are diffusers'. */
export interface SeaCacheOptions {
  /** Accumulated change from which on a step is computed. 0 never reuses. */
  threshold: number;
  /** 0 repeats what the blocks added last, 1 continues it in a line from the step computed before. */
  residual_order: number;
  /** Steps at the start and at the end that are always computed. */
  retention_steps: number;
  cache_end_steps: number;
  /** Most steps that are reused one after the other; 0 is no limit. */
  max_consecutive_cached: number;
  /** How fast the power of images falls with the frequency. */
  power_exp: number;
}

export const options: JSONSchemaType<SeaCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    threshold: {
      type: "number",
      minimum: 0,
      default: 0.25,
      description: "Accumulated change of the filtered latents from which on a step is computed. 0 never reuses.",
    },
    residual_order: {
      type: "integer",
      minimum: 0,
      maximum: 1,
      default: 1,
      description: "0 repeats what the blocks added last; 1 continues it in a line from the step computed before.",
    },
    retention_steps: {
      type: "integer",
      minimum: 0,
      default: 1,
      description: "Steps at the start that are always computed.",
    },
    cache_end_steps: {
      type: "integer",
      minimum: 0,
      default: 1,
      description: "Steps at the end that are always computed.",
    },
    max_consecutive_cached: {
      type: "integer",
      minimum: 0,
      default: 2,
      description: "Most steps that are reused one after the other. 0 is no limit.",
    },
    power_exp: {
      type: "number",
      exclusiveMinimum: 0,
      default: 3,
      description: "How fast the power of images falls with the frequency: as its power of -power_exp.",
    },
  },
};
