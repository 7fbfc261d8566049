import type { GuidanceOptions } from "./options";

/** Whether guidance is on at a call: shares of the loop's calls, cut down to whole ones. */
export function isWithin({ start, stop }: GuidanceOptions, index: number, count: number): boolean {
  return Math.trunc(start * count) <= index && index < Math.trunc(stop * count);
}

/** Whether the negative prompt's branch stands still at a call. @param last the one at which what is remembered was made */
export function isGated(options: GuidanceOptions, index: number, count: number, last: number): boolean {
  const { cfg_gate_mask: mask, cfg_gate_refresh: refresh } = options;
  if (mask) return mask[index] === 0;
  return index >= gateOf(options, count) && !(refresh > 0 && index - last >= refresh);
}

/** Whether what is made at a call may be wanted later. */
export function isRemembered(options: GuidanceOptions, index: number, count: number): boolean {
  const { cfg_gate_mask: mask, cfg_gate_refresh: refresh } = options;
  if (mask) return mask.indexOf(0, index) >= 0;
  const gate = gateOf(options, count);
  return gate < count && (index < gate || refresh > 0);
}

/** The first call at which the negative prompt's branch stands still. */
function gateOf({ cfg_gate_step }: GuidanceOptions, count: number): number {
  return cfg_gate_step === 1 ? Number.POSITIVE_INFINITY : Math.trunc(cfg_gate_step * count);
}
