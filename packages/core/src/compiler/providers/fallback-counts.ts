import type { Node, Value } from "../../graph/value";
import { nodesOnCpu } from "./fallback";
import { type FormsOf, lowerBy } from "./forms";
import { portableOn, type SegmentNodes } from "./portable-nodes";
import { formsFor, operatorName, profileOf } from "./profile";

/** How many nodes, by `operatorName`. */
export type OperatorCounts = Readonly<Record<string, number>>;

/** What a component runs on the CPU though it was put elsewhere. */
export interface Fallback {
  /** Where it was put, the CPU left out. */
  readonly devices: readonly string[];
  readonly counts: OperatorCounts;
  /** Those of them that a plugin emitted, by its name. */
  readonly plugins: Readonly<Record<string, OperatorCounts>>;
}

/** Forms as they are chosen where all are right: what a model comes to before a device was tried. */
export function bestForms(segments: readonly SegmentNodes[], devices: readonly string[]): FormsOf {
  const lowerings = new Map(
    devices.map((device) => {
      const profile = profileOf(device);
      const initializers = new Map<string, Value>();
      const own = segments.filter((_, i) => devices[i] === device);
      const portable = portableOn(profile, own, initializers);
      const lower = lowerBy((node) => formsFor(profile, node)[0]!, initializers);
      const lowering = { lower: (node: Node) => portable(node).flatMap(lower), key: device };
      return [device, profile.isReference ? undefined : lowering];
    }),
  );
  return (segment) => lowerings.get(devices[segment]!);
}

/**
 * Counts nodes that fall to the CPU, in the forms that they are emitted in.
 * @param devices by segment @param emitterOf the plugin that a node is of
 * @returns nothing where all of it was put on the CPU
 */
export function countFallback(
  segments: readonly { readonly nodes: readonly Node[] }[],
  devices: readonly string[],
  formsOf: FormsOf,
  {
    folds,
    emitterOf,
  }: { readonly folds: boolean; readonly emitterOf?: ((node: Node) => string | undefined) | undefined },
): Fallback | undefined {
  const elsewhere = new Set(devices.filter((device) => !profileOf(device).isReference));
  if (elsewhere.size === 0) return undefined;
  const counts: Record<string, number> = {};
  const plugins: Record<string, Record<string, number>> = {};
  for (const [i, { nodes }] of segments.entries()) {
    const forms = formsOf(i);
    if (!forms) continue;
    const origins = new Map<Node, Node>();
    const lowered = nodes.flatMap((node) => {
      const emitted = forms.lower(node);
      for (const one of emitted) origins.set(one, node);
      return emitted;
    });
    for (const node of nodesOnCpu(profileOf(devices[i]!), lowered, folds)) {
      add(counts, node);
      const plugin = emitterOf?.(origins.get(node) ?? node);
      if (plugin !== undefined) plugins[plugin] = add(plugins[plugin] ?? {}, node);
    }
  }
  return { devices: [...elsewhere], counts, plugins };
}

function add(counts: Record<string, number>, node: Node): Record<string, number> {
  const name = operatorName(node);
  counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
