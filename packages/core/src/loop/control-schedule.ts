import type { Settings } from "./settings";

/** Of settings that are one value for all ControlNets, or one a net: one a net. */
export function eachNet(value: number | readonly number[], count: number): readonly number[] {
  return typeof value === "number" ? new Array<number>(count).fill(value) : value;
}

/**
 * How strongly each ControlNet steers a step: its scale where all of the step lies between its start and its end, else 0.
 * @param index 0-based, of `count` passes
 */
export function controlAt(settings: Settings, nets: number, index: number, count: number): readonly number[] {
  const { controlnet_conditioning_scale, control_guidance_start, control_guidance_end } = settings;
  const [starts, ends] = [eachNet(control_guidance_start, nets), eachNet(control_guidance_end, nets)];
  return eachNet(controlnet_conditioning_scale, nets).map((scale, net) =>
    index / count < starts[net]! || (index + 1) / count > ends[net]! ? 0 : scale,
  );
}
