import type { JSONSchemaType } from "@skipstep/core/plugin";
import { type PresetName, presetNames } from "./steps-mask";

/** Names and defaults are cache-dit's. */
export interface CacheDitOptions {
  cache_type: "DBCache" | "DBPrune";
  /** Blocks in front that always run; their change decides. */
  Fn_compute_blocks: number;
  /** Blocks at the end that always run. */
  Bn_compute_blocks: number;
  /** Relative change below which the blocks between are reused. 0 never reuses, 1 or more always. */
  residual_diff_threshold: number;
  max_warmup_steps: number;
  warmup_interval: number;
  /** -1 is no limit, here and below. */
  max_cached_steps: number;
  max_continuous_cached_steps: number;
  max_accumulated_residual_diff_threshold: number | null;
  steps_computation_mask: readonly number[] | PresetName | null;
  steps_computation_policy: "dynamic" | "static";
  cfg_diff_compute_separate: boolean;
  force_refresh_step_hint: number | null;
  force_refresh_step_policy: "once" | "repeat";
  l1_hidden_states_diff_threshold: number | null;
  important_condition_threshold: number;
  downsample_factor: number;
  calibrator_type: "taylorseer" | "dmd" | "foca" | null;
  enable_calibrator: boolean;
  enable_encoder_calibrator: boolean;
  calibrator_cache_type: "residual" | "hidden_states";
  taylorseer_order: number;
  dmd_history: number;
  dmd_rank: number;
  dmd_ridge: number;
  dmd_svd_precision: "low" | "medium" | "high";
  enable_dynamic_prune_threshold: boolean;
  max_dynamic_prune_threshold: number | null;
  dynamic_prune_threshold_relax_ratio: number;
  non_prune_block_ids: readonly number[];
  force_reduce_calibrator_vram: boolean;
}

const about = {
  cache_type: "DBCache reuses the blocks between as one; DBPrune decides for each of them.",
  Fn_compute_blocks: "Blocks in front that always run; their change decides.",
  Bn_compute_blocks: "Blocks at the end that always run.",
  residual_diff_threshold: "Relative change below which blocks are reused. 0 never reuses, 1 or more always does.",
  max_warmup_steps: "Steps at the start that are computed.",
  warmup_interval: "Of the warm-up, only every n-th step is computed in any case.",
  max_cached_steps: "Most steps that are reused; -1 is no limit.",
  max_continuous_cached_steps: "Most steps that are reused one after the other; -1 is no limit.",
  max_accumulated_residual_diff_threshold: "Sum of all measured changes from which on nothing is reused.",
  steps_computation_mask: "For each step, 1 computes it and 0 may reuse; or the name of a preset.",
  steps_computation_policy: "What a 0 in the mask means: dynamic asks the other rules, static reuses.",
  cfg_diff_compute_separate: "With separate guidance: false decides both branches by the prompt's change.",
  force_refresh_step_hint: "Forgets everything before this step, and counts steps from there.",
  force_refresh_step_policy: "Whether it forgets once, or again after as many steps.",
  l1_hidden_states_diff_threshold:
    "In place of the threshold: compares what leaves the blocks in front, not their change.",
  important_condition_threshold: "Measures only the tokens that changed by more than this. 0 measures all.",
  downsample_factor: "Compares every n-th channel only, to remember less.",
  calibrator_type: "Extrapolates what is reused.",
  enable_calibrator: "Extrapolates the image stream.",
  enable_encoder_calibrator: "Extrapolates the text stream.",
  calibrator_cache_type: "Whether it extrapolates what the blocks add, or what leaves them.",
  taylorseer_order: "Derivatives that TaylorSeer uses.",
  dmd_history: "Computed values that DMD looks back at, most.",
  dmd_rank: "Modes that DMD keeps; 0 keeps those that stand out of the noise.",
  dmd_ridge: "What DMD adds to singular values before it divides by them.",
  dmd_svd_precision: "How cache-dit computes DMD's singular values. Here they are always exact.",
  enable_dynamic_prune_threshold: "DBPrune: raises the threshold where the first blocks of a step changed more.",
  max_dynamic_prune_threshold: "DBPrune: no raised threshold reaches this; twice the threshold when left out.",
  dynamic_prune_threshold_relax_ratio: "DBPrune: the raised threshold over the mean change of the first blocks.",
  non_prune_block_ids: "DBPrune: blocks that always run, from 0.",
  force_reduce_calibrator_vram: "DBPrune with a calibrator: a downsample factor of at least 4.",
} as const satisfies Record<keyof CacheDitOptions, string>;

const limit = { type: "integer", minimum: -1, default: -1 } as const;

/** `null` by default, for which `JSONSchemaType` has no word. */
function optional(schema: { readonly type: string | readonly string[]; readonly [keyword: string]: unknown }): never {
  return { ...schema, type: [schema.type, "null"].flat(), default: null } as never;
}

export const options: JSONSchemaType<CacheDitOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    cache_type: { type: "string", enum: ["DBCache", "DBPrune"], default: "DBCache", description: about.cache_type },
    Fn_compute_blocks: { type: "integer", minimum: 1, default: 8, description: about.Fn_compute_blocks },
    Bn_compute_blocks: { type: "integer", minimum: 0, default: 0, description: about.Bn_compute_blocks },
    residual_diff_threshold: { type: "number", minimum: 0, default: 0.08, description: about.residual_diff_threshold },
    max_warmup_steps: { type: "integer", minimum: 0, default: 8, description: about.max_warmup_steps },
    warmup_interval: { type: "integer", minimum: 1, default: 1, description: about.warmup_interval },
    max_cached_steps: { ...limit, description: about.max_cached_steps },
    max_continuous_cached_steps: { ...limit, description: about.max_continuous_cached_steps },
    max_accumulated_residual_diff_threshold: optional({
      type: "number",
      minimum: 0,
      description: about.max_accumulated_residual_diff_threshold,
    }),
    steps_computation_mask: optional({
      type: ["array", "string"],
      items: { type: "integer", minimum: 0, maximum: 1 },
      minItems: 1,
      pattern: `^(${presetNames.join("|")})$`,
      description: about.steps_computation_mask,
    }),
    steps_computation_policy: {
      type: "string",
      enum: ["dynamic", "static"],
      default: "dynamic",
      description: about.steps_computation_policy,
    },
    cfg_diff_compute_separate: { type: "boolean", default: true, description: about.cfg_diff_compute_separate },
    force_refresh_step_hint: optional({ type: "integer", minimum: 1, description: about.force_refresh_step_hint }),
    force_refresh_step_policy: {
      type: "string",
      enum: ["once", "repeat"],
      default: "once",
      description: about.force_refresh_step_policy,
    },
    l1_hidden_states_diff_threshold: optional({
      type: "number",
      exclusiveMinimum: 0,
      description: about.l1_hidden_states_diff_threshold,
    }),
    important_condition_threshold: {
      type: "number",
      minimum: 0,
      default: 0,
      description: about.important_condition_threshold,
    },
    downsample_factor: { type: "integer", minimum: 1, default: 1, description: about.downsample_factor },
    calibrator_type: optional({
      type: "string",
      enum: ["taylorseer", "dmd", "foca", null],
      description: about.calibrator_type,
    }),
    enable_calibrator: { type: "boolean", default: true, description: about.enable_calibrator },
    enable_encoder_calibrator: { type: "boolean", default: true, description: about.enable_encoder_calibrator },
    calibrator_cache_type: {
      type: "string",
      enum: ["residual", "hidden_states"],
      default: "residual",
      description: about.calibrator_cache_type,
    },
    taylorseer_order: { type: "integer", minimum: 1, maximum: 3, default: 1, description: about.taylorseer_order },
    dmd_history: { type: "integer", minimum: 4, default: 6, description: about.dmd_history },
    dmd_rank: { type: "integer", minimum: 0, default: 0, description: about.dmd_rank },
    dmd_ridge: { type: "number", minimum: 0, default: 1e-8, description: about.dmd_ridge },
    dmd_svd_precision: {
      type: "string",
      enum: ["low", "medium", "high"],
      default: "medium",
      description: about.dmd_svd_precision,
    },
    enable_dynamic_prune_threshold: {
      type: "boolean",
      default: false,
      description: about.enable_dynamic_prune_threshold,
    },
    max_dynamic_prune_threshold: optional({
      type: "number",
      minimum: 0,
      description: about.max_dynamic_prune_threshold,
    }),
    dynamic_prune_threshold_relax_ratio: {
      type: "number",
      minimum: 0,
      default: 1.25,
      description: about.dynamic_prune_threshold_relax_ratio,
    },
    non_prune_block_ids: {
      type: "array",
      items: { type: "integer", minimum: 0 },
      default: [],
      description: about.non_prune_block_ids,
    },
    force_reduce_calibrator_vram: { type: "boolean", default: false, description: about.force_reduce_calibrator_vram },
  },
};
