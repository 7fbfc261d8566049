import type { JSONSchemaType } from "@skipstep/core/plugin";

export interface DeepCacheOptions {
  /** One full step in so many. 1 computes all. */
  cache_interval: number;
  /** Where the kept part ends, from the output down: three to a level, as in SD. 0 computes the last up layer only. */
  cache_branch_id: number;
  /** Full steps at equal distances, or close to each other around `center`. */
  skip_mode: "uniform" | "nonuniform";
  /** Step around which full steps are dense; for `nonuniform`. */
  center: number;
  /** How much denser they are there; for `nonuniform`. */
  pow: number;
}

export const options: JSONSchemaType<DeepCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    cache_interval: {
      type: "integer",
      minimum: 1,
      default: 3,
      description: "One full step in so many. 1 computes all.",
    },
    cache_branch_id: {
      type: "integer",
      minimum: 0,
      default: 0,
      description: "Where the kept part ends, from the output down, three to a level. 0 keeps the last up layer only.",
    },
    skip_mode: {
      type: "string",
      enum: ["uniform", "nonuniform"],
      default: "uniform",
      description: "Full steps at equal distances, or denser around a center.",
    },
    center: {
      type: "integer",
      minimum: 0,
      default: 15,
      description: "nonuniform: step around which full steps are dense.",
    },
    pow: {
      type: "number",
      exclusiveMinimum: 1,
      default: 1.4,
      description: "nonuniform: how much denser full steps are around the center.",
    },
  },
};
