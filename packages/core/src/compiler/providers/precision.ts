import type { Float32Part } from "../../architecture/float32-part";
import { dtypeUnsupported } from "../../errors/dtype";
import type { Runtime } from "../../runtime/runtime";
import type { HalfType } from "../../tensor";
import type { Precision } from "../lower-precision";
import { halfProblem } from "./kernel-facts";
import { type HalfOperators, profileOf } from "./profile";

/**
 * What 16 bits come to on the providers of a model's segments.
 * @param devices by segment; the runtime's provider where there is none
 * @throws SKIPSTEP_DTYPE_UNSUPPORTED where a provider has no such type, or its kernels do not work here
 */
export async function precisionOn(
  runtime: Runtime,
  devices: readonly (string | undefined)[],
  { component, dtype, float32 }: { component: string; dtype: HalfType; float32: readonly Float32Part[] },
): Promise<Precision> {
  const operators = new Map<string, HalfOperators | undefined>();
  for (const device of new Set(devices.map((given = runtime.provider) => given))) {
    const { halves, halfOperators } = profileOf(device);
    const has = ["float32", ...halves];
    if (!halves.includes(dtype)) throw dtypeUnsupported(component, dtype, device, has);
    const problem = halfOperators && (await halfProblem(runtime, device));
    if (problem !== undefined) throw dtypeUnsupported(component, dtype, device, ["float32"], problem);
    operators.set(device, halfOperators);
  }
  return { dtype, float32, operatorsOf: (segment) => operators.get(devices[segment] ?? runtime.provider) };
}
