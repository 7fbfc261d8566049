import { roundHalfAway } from "../half";
import { extremeOf } from "../rounding/extreme";

/** Elements as -1, 0 or 1 times the largest absolute value, plus 1: 0, 1, 2. */
export function roundTernary(values: Float32Array): { scale: number; trits: Uint8Array } {
  const scale = Math.abs(extremeOf(values));
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  return { scale, trits: Uint8Array.from(values, (x) => roundHalfAway(Math.fround(x * inverse)) + 1) };
}
