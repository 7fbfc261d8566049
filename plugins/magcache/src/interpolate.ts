import { roundHalfEven } from "@skipstep/core/plugin";

/**
 * Ratios for another number of steps: for each, that of the nearest place in the given ones. Rounds in float32 and
 * halves to even, as diffusers does.
 */
export function interpolate(ratios: readonly number[], steps: number): readonly number[] {
  if (ratios.length === steps) return ratios;
  if (steps === 1) return ratios.slice(-1);
  const stride = Math.fround((ratios.length - 1) / (steps - 1));
  return Array.from({ length: steps }, (_, i) => ratios[roundHalfEven(Math.fround(i * stride))]!);
}
