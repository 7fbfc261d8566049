import { levelsDiffer, listUnfit } from "./errors";
import type { GuidanceOptions } from "./options";

/** What a schema cannot say. @throws SKIPSTEP_PLUGIN_OPTION */
export function checkOptions(options: GuidanceOptions): void {
  const { guider, guidance_scales } = options;
  for (const option of ["guidance_rescale", "parallel_weights"] as const) {
    const values = options[option];
    if (values === null || typeof values === "number") continue;
    if (guider !== "FrequencyDecoupledGuidance") throw listUnfit(option, guider);
    if (values.length !== guidance_scales.length) throw levelsDiffer(option, values.length, guidance_scales.length);
  }
}
