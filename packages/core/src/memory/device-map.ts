import { deviceScopesOverlap, deviceScopeUnknown } from "../errors/device-map";
import { isInModule, outerModules } from "../graph/module-names";
import type { Node } from "../graph/value";

/**
 * Where a component runs: one provider, or a provider for ranges of its modules (`layers.0-14`, `proj_out`); the rest
 * runs on the config's `device`.
 */
export type ComponentDevices = string | Readonly<Record<string, string>>;

/** Where components run; `balanced` shares them out among the accelerators that work here. */
export type DeviceMap = "balanced" | Readonly<Record<string, ComponentDevices>>;

/** A run of a graph's nodes, `begin..end`, and its provider. */
export interface DeviceSpan {
  readonly begin: number;
  readonly end: number;
  readonly device: string;
}

/** Every provider that a map names. */
export function devicesIn(map: DeviceMap | undefined): string[] {
  if (map === undefined || map === "balanced") return [];
  const named = Object.values(map).flatMap((devices) =>
    typeof devices === "string" ? [devices] : Object.values(devices),
  );
  return [...new Set(named)];
}

/**
 * The nodes that a component's entry names.
 * @throws SKIPSTEP_DEVICE_MAP for modules that the component has not got, and for ranges that overlap
 */
export function deviceSpans(
  nodes: readonly Node[],
  component: string,
  devices: ComponentDevices | undefined,
): DeviceSpan[] {
  if (devices === undefined) return [];
  if (typeof devices === "string") return [{ begin: 0, end: nodes.length, device: devices }];
  const named = Object.entries(devices).map(([range, device]) => {
    const [first, last] = endsOf(range);
    const begin = nodes.findIndex(({ scope }) => isInModule(scope, first));
    const end = nodes.findLastIndex(({ scope }) => isInModule(scope, last)) + 1;
    if (begin < 0 || end <= begin) throw deviceScopeUnknown(component, range, outerModules(nodes));
    return { range, begin, end, device };
  });
  named.sort((a, b) => a.begin - b.begin);
  for (const [i, { range, begin }] of named.entries()) {
    const before = named[i - 1];
    if (before && before.end > begin) throw deviceScopesOverlap(component, before.range, range);
  }
  return named;
}

/** `layers.0-14` is `layers.0` to `layers.14`. */
function endsOf(range: string): [first: string, last: string] {
  const match = /^(.+\.)?(\d+)-(\d+)$/.exec(range);
  const [, list = "", first, last] = match ?? [];
  return match ? [`${list}${first}`, `${list}${last}`] : [range, range];
}
