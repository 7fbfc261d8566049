import type { Float32Part } from "../../architecture/float32-part";
import { dtypeUnsupported } from "../../errors/dtype";
import type { HalfType } from "../../tensor";
import type { Precision } from "../lower-precision";
import { type HalfOperators, profileOf } from "./profile";

/**
 * What 16 bits come to on the providers of a model's segments.
 * @param devices by segment @throws SKIPSTEP_DTYPE_UNSUPPORTED where a provider has no such type
 */
export function precisionOn(
  devices: readonly string[],
  { component, dtype, float32 }: { component: string; dtype: HalfType; float32: readonly Float32Part[] },
): Precision {
  const operators = new Map<string, HalfOperators | undefined>();
  for (const device of new Set(devices)) {
    const { halves, halfOperators } = profileOf(device);
    if (!halves.includes(dtype)) throw dtypeUnsupported(component, dtype, device, ["float32", ...halves]);
    operators.set(device, halfOperators);
  }
  return { dtype, float32, operatorsOf: (segment) => operators.get(devices[segment]!) };
}
