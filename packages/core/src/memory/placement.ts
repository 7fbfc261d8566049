import type { Node } from "../graph/value";
import { balance } from "./balance";
import { cutsBetweenModules } from "./cuts";
import { type DeviceMap, type DeviceSpan, deviceSpans } from "./device-map";
import type { MemoryMode } from "./memory-mode";

/** What a config says of memory. */
export interface MemoryChoice {
  readonly memory: MemoryMode;
  readonly device_map?: DeviceMap;
}

/** How one component is cut, and where its parts run. */
export interface Placement {
  /** Positions of nodes at which a segment begins, whatever plugins ask for. */
  readonly cuts: readonly number[];
  readonly spans: readonly DeviceSpan[];
}

/**
 * Where each component is cut, and runs.
 * @param components nodes by component, in the order in which components run
 * @param accelerators those that work here, for `balanced`
 * @throws SKIPSTEP_DEVICE_MAP
 */
export function placeComponents(
  { memory, device_map }: MemoryChoice,
  components: ReadonlyMap<string, readonly Node[]>,
  accelerators: readonly string[],
): ReadonlyMap<string, Placement> {
  const balanced = device_map === "balanced" && accelerators.length > 0 ? balance(components, accelerators) : undefined;
  return new Map(
    [...components].map(([name, nodes]) => {
      const named = device_map === "balanced" ? undefined : device_map?.[name];
      const spans = balanced?.get(name) ?? deviceSpans(nodes, name, named);
      const edges = spans.flatMap(({ begin, end }) => [begin, end]);
      const cuts = memory === "sequential" ? [...edges, ...cutsBetweenModules(nodes)] : edges;
      return [name, { cuts: [...new Set(cuts)].sort((a, b) => a - b), spans }];
    }),
  );
}

/** The provider of each segment, which its first node tells; nothing where the map says nothing. */
export function segmentDevices(
  { spans }: Placement,
  nodes: readonly Node[],
  segments: readonly { readonly nodes: readonly Node[] }[],
): (string | undefined)[] {
  return segments.map(({ nodes: [first] }) => {
    const position = nodes.indexOf(first!);
    return spans.find(({ begin, end }) => begin <= position && position < end)?.device;
  });
}
