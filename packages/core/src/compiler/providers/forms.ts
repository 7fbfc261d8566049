import type { Node } from "../../graph/value";
import type { Runtime } from "../../runtime/runtime";
import { kernelFacts } from "./kernel-facts";
import { lowerFor, profileOf } from "./profile";

/** What stands in for each node of a segment, where its provider is another than the CPU. */
export type FormsOf = (segment: number) => ((node: Node) => readonly Node[]) | undefined;

/**
 * What stands in for nodes on the providers of a model's segments.
 * @param devices by segment; the runtime's provider where there is none
 */
export async function formsOn(runtime: Runtime, devices: readonly (string | undefined)[]): Promise<FormsOf> {
  const forms = new Map<string, (node: Node) => readonly Node[]>();
  for (const device of new Set(devices.map((given = runtime.provider) => given))) {
    const profile = profileOf(device);
    if (Object.keys(profile.rules).length > 0) forms.set(device, lowerFor(profile, await kernelFacts(runtime, device)));
  }
  return (segment) => forms.get(devices[segment] ?? runtime.provider);
}
