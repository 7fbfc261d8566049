import { totalBytes } from "../compiler/memory-estimate";
import type { Node } from "../graph/value";
import type { DeviceSpan } from "./device-map";
import { modulesOf } from "./modules";

/**
 * Shares components out among devices, module by module in the order in which they run, so that each holds about as
 * many bytes of weights and values cross from one device to the next as rarely as can be.
 * @param components nodes by component, in the order in which components run
 * @param devices at least one
 */
export function balance(
  components: ReadonlyMap<string, readonly Node[]>,
  devices: readonly string[],
): ReadonlyMap<string, readonly DeviceSpan[]> {
  const sizes = new Map([...components].map(([name, nodes]) => [name, modulesOf(nodes)]));
  const total = [...sizes.values()].flat().reduce((sum, { weights }) => sum + totalBytes(weights), 0);
  let before = 0;
  const deviceAt = (bytes: number): string =>
    devices[Math.min(devices.length - 1, Math.floor(bytes / (total / devices.length)))]!;
  return new Map(
    [...sizes].map(([name, modules]) => {
      const spans: DeviceSpan[] = [];
      for (const [i, { begin, weights }] of modules.entries()) {
        const bytes = totalBytes(weights);
        const device = deviceAt(total === 0 ? 0 : before + bytes / 2);
        before += bytes;
        const end = modules[i + 1]?.begin ?? components.get(name)!.length;
        const last = spans.at(-1);
        if (last?.device === device) spans[spans.length - 1] = { ...last, end };
        else spans.push({ begin, end, device });
      }
      return [name, spans];
    }),
  );
}
