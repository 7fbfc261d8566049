import type { JSONSchemaType } from "@skipstep/core/plugin";

export interface TeaCacheOptions {
  /** Accumulated change from which on a step is computed. 0 never reuses. */
  rel_l1_thresh: number;
  /** Polynomial from the change of the input to that of the output, the highest power first; the authors' when null. */
  coefficients: readonly number[] | null;
  /** Computes everything and records what coefficients are fitted to. */
  calibrate: boolean;
}

export const options: JSONSchemaType<TeaCacheOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    rel_l1_thresh: {
      type: "number",
      minimum: 0,
      default: 0.25,
      description: "Accumulated change of the rescaled input from which on a step is computed. 0 never reuses.",
    },
    coefficients: {
      type: ["array", "null"],
      items: { type: "number" },
      minItems: 1,
      maxItems: 10,
      default: null,
      description:
        "Polynomial from the input's change to the output's, the highest power first; the authors' for the model when null.",
    } as never, // `JSONSchemaType` has no word for null beside an array
    calibrate: {
      type: "boolean",
      default: false,
      description: "Computes every step and records what skipstep calibrate fits coefficients to.",
    },
  },
};
