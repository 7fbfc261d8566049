import type { JSONSchemaType } from "@skipstep/core/plugin";

/** Names and defaults are stable-diffusion.cpp's. */
export interface EasyCacheOptions {
  /** Whose rule; the one for the model when null. */
  rule: RuleName | null;
  /** Accumulated change up to which a prediction is reused; the rule's own when null. 0 never reuses. */
  threshold: number | null;
  /** Shares of the way from noise to image between which predictions are reused. */
  start: number;
  end: number;
  /** UCache: what is left of the accumulated change at the next step. */
  decay: number;
  /** UCache: whether changes are measured by the size of predictions and of their changes. */
  relative: boolean;
  /** UCache: whether a step that is computed sets the accumulated change to 0. */
  reset: boolean;
}

export type RuleName = "easycache" | "ucache";

/** Where none is given. */
export const thresholds: Readonly<Record<RuleName, number>> = { easycache: 0.2, ucache: 1 };

export const options: JSONSchemaType<EasyCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    rule: {
      type: ["string", "null"],
      enum: ["easycache", "ucache", null],
      default: null,
      description: "EasyCache is for transformers and UCache for U-Nets. The one for the model when null.",
    } as never, // `JSONSchemaType` has no word for null beside a string
    threshold: {
      type: ["number", "null"],
      minimum: 0,
      default: null,
      description:
        "Accumulated change below which a prediction is reused. 0 never reuses; 0.2 for EasyCache and 1 for UCache when null.",
    } as never,
    start: {
      type: "number",
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0.15,
      description: "Share of the way from noise to image before which all is computed.",
    },
    end: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.95,
      description: "Share of the way from which on all is computed.",
    },
    decay: {
      type: "number",
      minimum: 0,
      maximum: 1,
      default: 1,
      description: "UCache: what is left of the accumulated change at the next step.",
    },
    relative: {
      type: "boolean",
      default: true,
      description: "UCache: measures changes by the size of predictions and of their changes.",
    },
    reset: {
      type: "boolean",
      default: true,
      description: "UCache: a step that the accumulated change has computed sets it to 0.",
    },
  },
};
