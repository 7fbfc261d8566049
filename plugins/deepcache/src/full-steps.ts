import { centerUnfit, powUnfit } from "./errors";
import type { DeepCacheOptions } from "./options";

/**
 * The steps at which the whole U-Net is computed, 0-based.
 * @param count steps of the generation
 * @throws SKIPSTEP_PLUGIN_OPTION for a non-uniform schedule that there is not
 */
export function fullSteps(count: number, options: DeepCacheOptions): ReadonlySet<number> {
  const { cache_interval: interval, skip_mode, center, pow } = options;
  if (skip_mode === "uniform" || interval === 1)
    return new Set(Array.from({ length: Math.ceil(count / interval) }, (_, k) => k * interval));
  if (center >= count) throw centerUnfit(center, count);
  return new Set(stepsAroundCenter(count, Math.ceil(count / interval), center, pow));
}

/**
 * Steps that are dense around a center: equal distances on the scale of the p-th root, https://arxiv.org/abs/2312.00858,
 * appendix. Roots of what lies before the center are complex, as in the authors' code; p falls until as many different
 * steps come out as were asked for.
 */
function stepsAroundCenter(count: number, wanted: number, center: number, pow: number): number[] {
  for (let p = pow; p > 1; p -= 0.02) {
    const [begin, end] = [power([-center, 0], 1 / p), power([count - center, 0], 1 / p)];
    const offsets = Array.from({ length: wanted + 1 }, (_, k) => {
      const [real] = power(between(begin, end, k / wanted), p);
      return Math.trunc(real) + 0; // no -0
    });
    const inner = [...new Set(offsets)].sort((a, b) => a - b).slice(1, -1);
    const steps = [0, ...inner.map((offset) => offset + center)];
    if (steps.length === wanted) return steps;
  }
  throw powUnfit(pow, center, wanted, count);
}

/** Real and imaginary part. */
type Complex = readonly [number, number];

/** Principal value. */
function power([real, imaginary]: Complex, exponent: number): Complex {
  const length = Math.hypot(real, imaginary) ** exponent;
  const angle = Math.atan2(imaginary, real) * exponent;
  return [length * Math.cos(angle), length * Math.sin(angle)];
}

function between(a: Complex, b: Complex, share: number): Complex {
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}
