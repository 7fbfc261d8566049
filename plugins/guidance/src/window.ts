import type { GuidanceOptions } from "./options";

/** Whether guidance is on at a call: shares of the loop's calls, cut down to whole ones. */
export function isWithin({ start, stop }: GuidanceOptions, index: number, count: number): boolean {
  return Math.trunc(start * count) <= index && index < Math.trunc(stop * count);
}

/** The first call at which the negative prompt's branch stands still. */
export function gateOf({ cfg_gate_step }: GuidanceOptions, count: number): number {
  return cfg_gate_step === 1 ? Number.POSITIVE_INFINITY : Math.trunc(cfg_gate_step * count);
}
