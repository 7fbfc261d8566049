import type { JSONSchemaType } from "@skipstep/core/plugin";

/** Names and defaults are diffusers'. */
export interface MagCacheOptions {
  /** Accumulated error up to which a step is skipped. */
  threshold: number;
  /** Most steps that are skipped in a row. 0 never skips. */
  max_skip_steps: number;
  /** Share of the steps, at the start, that is always computed. */
  retention_ratio: number;
  /** Magnitude of each step's residual over that of the step before. */
  mag_ratios: readonly number[] | null;
  /** Computes everything and records the ratios. */
  calibrate: boolean;
}

export const options: JSONSchemaType<MagCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    threshold: {
      type: "number",
      minimum: 0,
      default: 0.06,
      description: "Accumulated error of the magnitude up to which a step is skipped.",
    },
    max_skip_steps: {
      type: "integer",
      minimum: 0,
      default: 3,
      description: "Most steps that are skipped in a row. 0 never skips.",
    },
    retention_ratio: {
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 0.2,
      description: "Share of the steps, at the start, that is always computed.",
    },
    mag_ratios: {
      type: ["array", "null"],
      items: { type: "number", exclusiveMinimum: 0 },
      minItems: 1,
      default: null,
      description: "Magnitude of each step's residual over that of the step before. They depend on the model.",
    } as never, // `JSONSchemaType` has no word for null beside an array
    calibrate: {
      type: "boolean",
      default: false,
      description: "Computes every step and records the ratios for skipstep calibrate.",
    },
  },
};
