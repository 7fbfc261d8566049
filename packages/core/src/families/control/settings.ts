import type { Sizes } from "../../graph/dim";
import { controlNetsIn } from "../../loop/control-nets";
import type { Configs } from "../../loop/family";
import { take } from "../../settings/common-settings";

/** Settings of families whose ControlNets steer some of the steps. */
export const controlSettings = take(
  "control_image",
  "controlnet_conditioning_scale",
  "control_guidance_start",
  "control_guidance_end",
);

/** Run-time sizes of ControlNets, for `Family.sizes`. @param sizes of each of them: mostly the denoiser's */
export function controlSizes(configs: Configs, sizes: Sizes): Readonly<Record<string, Sizes>> {
  return Object.fromEntries(controlNetsIn(Object.keys(configs)).map((name) => [name, sizes]));
}

/** Whether there are ControlNets. */
export function isSteered(configs: Configs): boolean {
  return controlNetsIn(Object.keys(configs)).length > 0;
}
