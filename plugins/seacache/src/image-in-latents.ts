import type { Floats } from "@skipstep/core/plugin";
import { axisFilter, filtered } from "./separable-filter";

/** Keeps what is divided by from being 0. */
const tiny = 1e-16;
/** Noise levels are brought to `margin..1 - margin`. */
const margin = 1e-6;

/**
 * What of latents is image: each frequency is weighed by how much of it is no noise at this level, if the power of
 * images falls as `frequency ^ -power` (https://arxiv.org/abs/2602.18993, formulas 5 to 7).
 *
 * @param latents `[B, C, H, W]`, `(1 - sigma) image + sigma noise`
 */
export function imageInLatents({ shape, data }: Floats, sigma: number, power: number): Float64Array {
  const [height, width] = shape.slice(-2) as [number, number];
  const noise = Math.max(margin, Math.min(1 - margin, sigma));
  const signal = 1 - noise;
  const gain = (frequency: number): number => {
    const clean = 1 / (frequency ** power + tiny);
    return (signal * clean) / (signal ** 2 * clean + noise ** 2 + tiny);
  };
  return filtered(data, axisFilter(height, gain), axisFilter(width, gain));
}

/** `mean |now - before| / mean |before|` of each image, and the mean of that over the batch. */
export function meanChange(before: Float64Array, now: Float64Array, batch: number): number {
  const size = now.length / batch;
  let sum = 0;
  for (let start = 0; start < now.length; start += size) {
    let change = 0;
    let whole = 0;
    for (let i = start; i < start + size; i++) {
      change += Math.abs(now[i]! - before[i]!);
      whole += Math.abs(before[i]!);
    }
    sum += change / size / (whole / size + tiny);
  }
  return sum / batch;
}
