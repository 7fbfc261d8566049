import type { JSONSchemaType } from "@skipstep/core/plugin";
import type { guiders } from "./guiders/guiders";

export type GuiderName = keyof typeof guiders;

/** Names and defaults are diffusers' guiders' where they have them. */
export interface GuidanceOptions {
  /** Class of diffusers' guiders that combines the two predictions. */
  guider: GuiderName;
  /** False runs the prompt's branch alone. */
  enabled: boolean;
  /** Shares of the steps between which guidance is on. */
  start: number;
  stop: number;
  /** Share of the steps from which the negative prompt's branch stands still: its distance from the prompt's is remembered. */
  cfg_gate_step: number;
  /** From the gate on, both branches run again at every n-th step; 0 never, as in the reference. */
  cfg_gate_refresh: number;
  /** In place of both: one entry a step, 1 runs both branches and 0 takes what is remembered. */
  cfg_gate_mask: readonly number[] | null;
  /** 0 takes the remembered difference as it is, 1 goes on in a line through the last two. */
  cfg_gate_order: 0 | 1;
  /** Cosine between the two predictions from which guidance is off for the rest; null never looks. */
  adaptive_threshold: number | null;
  /** The generation's when null. */
  guidance_scale: number | null;
  /** Whether scales count from the prompt's prediction; null: as the family counts, or false with scales of its own. */
  use_original_formulation: boolean | null;
  /** Share of the way back to the spread of the prompt's prediction; a list by level for frequency-decoupled guidance. */
  guidance_rescale: number | readonly number[];
  /** Steps at the begin that predict nothing. */
  zero_init_steps: number;
  adaptive_projected_guidance_momentum: number | null;
  adaptive_projected_guidance_rescale: number | null;
  adaptive_projected_guidance_norm_dim: number | readonly number[] | null;
  eta: number | null;
  adaptive_projected_guidance_scale: number;
  adaptive_projected_guidance_start_step: number;
  alpha: number;
  /** By level of the pyramid, the finest first. */
  guidance_scales: readonly number[];
  parallel_weights: number | readonly number[] | null;
  guidance_rescale_space: "data" | "freq";
}

const share = (value: number, description: string) =>
  ({ type: "number", minimum: 0, maximum: 1, default: value, description }) as const;
/** Null by default, for which `JSONSchemaType` has no word beside another type. */
const numberOrNull = (description: string, more: object = {}) =>
  ({ type: ["number", "null"], default: null, description, ...more }) as never;
const numbers = { type: "array", items: { type: "number" }, minItems: 1, maxItems: 8 } as const;
const axes = { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 4 } as const;

export const options: JSONSchemaType<GuidanceOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    guider: {
      type: "string",
      enum: [
        "ClassifierFreeGuidance",
        "ClassifierFreeZeroStarGuidance",
        "AdaptiveProjectedGuidance",
        "AdaptiveProjectedMixGuidance",
        "TangentialClassifierFreeGuidance",
        "MagnitudeAwareGuidance",
        "FrequencyDecoupledGuidance",
      ],
      default: "ClassifierFreeGuidance",
      description: "Class of diffusers' guiders that combines the predictions of prompt and negative prompt.",
    },
    enabled: { type: "boolean", default: true, description: "False runs the prompt's branch alone, at all steps." },
    start: share(0, "Share of the steps from which guidance is on; before, the prompt's branch runs alone."),
    stop: share(1, "Share of the steps from which guidance is off."),
    cfg_gate_step: share(
      1,
      "Share of the steps from which the negative prompt's branch is not run; what it made of the prompt's prediction last is done again. 1 never.",
    ),
    cfg_gate_refresh: {
      type: "integer",
      minimum: 0,
      default: 0,
      description:
        "From the gate on, both branches run at every n-th step, and what is remembered is made anew. 0 never, as SGLang and FastVideo.",
    },
    cfg_gate_mask: {
      type: ["array", "null"],
      items: { type: "integer", enum: [0, 1] },
      default: null,
      description:
        "In place of cfg_gate_step and cfg_gate_refresh: one entry a step, 1 runs both branches and 0 takes what is remembered. Beside a cache with a mask, so that branches are left out where it computes.",
    } as never,
    cfg_gate_order: {
      type: "integer",
      enum: [0, 1],
      default: 0,
      description:
        "0 takes the remembered difference as it is, as SGLang and FastVideo; 1 goes on in a line through the last two.",
    },
    adaptive_threshold: numberOrNull(
      "Cosine between both predictions from which guidance is off for the rest; null never looks.",
      { minimum: -1, maximum: 1 },
    ),
    guidance_scale: numberOrNull("Strength of guidance; the generation's when null."),
    use_original_formulation: {
      type: ["boolean", "null"],
      default: null,
      description:
        "Whether scales count from the prompt's prediction: 1 less than from the negative prompt's. As the family counts when null, or false with scales of its own.",
    } as never,
    guidance_rescale: {
      anyOf: [
        { type: "number", minimum: 0, maximum: 1 },
        { ...numbers, items: { type: "number", minimum: 0, maximum: 1 } },
      ],
      default: 0,
      description:
        "Share of the way back to the spread of the prompt's prediction. A list, one a level, for FrequencyDecoupledGuidance.",
    } as never, // `JSONSchemaType` has no words for alternatives
    zero_init_steps: {
      type: "integer",
      minimum: 0,
      default: 1,
      description: "ClassifierFreeZeroStarGuidance: steps at the begin that predict nothing; no branch runs.",
    },
    adaptive_projected_guidance_momentum: numberOrNull(
      "AdaptiveProjected...: share of the last steps' direction that is added. None when null; -0.5 of the Mix.",
    ),
    adaptive_projected_guidance_rescale: numberOrNull(
      "AdaptiveProjected...: most length of the direction, 0 for no limit. 15 when null; 10 of the Mix.",
      { minimum: 0 },
    ),
    adaptive_projected_guidance_norm_dim: {
      anyOf: [{ type: "integer" }, axes, { type: "null" }],
      default: null,
      description: "AdaptiveProjectedGuidance: axes of lengths and projections; all but the batch when null.",
    } as never,
    eta: numberOrNull(
      "AdaptiveProjected...: share of what lies along the prompt's prediction that is kept. 1 when null; 0 of the Mix.",
    ),
    adaptive_projected_guidance_scale: {
      type: "number",
      default: 10,
      description: "AdaptiveProjectedMixGuidance: the scale once it projects.",
    },
    adaptive_projected_guidance_start_step: {
      type: "integer",
      minimum: 0,
      default: 5,
      description: "AdaptiveProjectedMixGuidance: the last step, 0-based, that does not project.",
    },
    alpha: {
      type: "number",
      default: 8,
      description: "MagnitudeAwareGuidance: how fast the scale falls with the distance of the predictions.",
    },
    guidance_scales: {
      ...numbers,
      default: [10, 5],
      description: "FrequencyDecoupledGuidance: scale of each level, the finest first.",
    },
    parallel_weights: {
      anyOf: [{ type: "number" }, numbers, { type: "null" }],
      default: null,
      description: "FrequencyDecoupledGuidance: weight of what lies along the prompt's prediction, one or one a level.",
    } as never,
    guidance_rescale_space: {
      type: "string",
      enum: ["data", "freq"],
      default: "data",
      description: "FrequencyDecoupledGuidance: rescales the whole by the first value, or each level by its own.",
    },
  },
};
