import { pluginFolder } from "./drawing-run";

/** A plugin as a config has it. */
export interface PluginRow {
  readonly use: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** 8 bits with one scale a layer, and no outliers. */
export const oneScaleInt8: PluginRow = {
  use: pluginFolder("bnb"),
  options: { load_in_8bit: true, llm_int8_threshold: 0, llm_int8_scale: "tensor" },
};

/** One block in front; the rest of the steps that a mask leaves out go on by TaylorSeer. @param mask 1 for a step that is computed */
export function maskedCacheDit(mask: readonly number[], taylorseer_order: number): PluginRow {
  return {
    use: pluginFolder("cache-dit"),
    options: {
      Fn_compute_blocks: 1,
      max_warmup_steps: 0,
      steps_computation_mask: mask,
      steps_computation_policy: "static",
      calibrator_type: "taylorseer",
      calibrator_cache_type: "hidden_states",
      taylorseer_order,
    },
  };
}
