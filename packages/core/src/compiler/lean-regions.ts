import { type Node, readersOf, type Value } from "../graph/value";

/** Nodes `begin..end` of a region. */
interface Range {
  readonly begin: number;
  readonly end: number;
  /** Whether it takes in what only it reads. */
  readonly lean: boolean;
}

/**
 * Moves what only a lean region reads to its front, and its begin before that: out of the nodes between it and the
 * region, cut or end of nodes before it, so that all other regions and cuts stay where they are.
 * @param cuts positions that nothing crosses
 * @param fetched values that must come out whether the region is computed or not
 * @returns the nodes, and each range's begin
 */
export function takeIn(
  nodes: readonly Node[],
  ranges: readonly Range[],
  cuts: readonly number[],
  fetched: ReadonlySet<Value>,
): { nodes: readonly Node[]; begins: readonly number[] } {
  if (!ranges.some(({ lean }) => lean)) return { nodes, begins: ranges.map(({ begin }) => begin) };
  const order = [...nodes];
  const readers = readersOf(nodes);
  const begins = ranges.map((range) => {
    const { begin, end, lean } = range;
    if (!lean) return begin;
    const others = ranges.filter((other) => other !== range);
    const edges = [...cuts, ...others.map((other) => other.begin), ...others.map((other) => other.end)];
    const floor = Math.max(0, ...edges.filter((edge) => edge <= begin));
    const inside = new Set(order.slice(begin, end));
    const isOwn = (value: Value): boolean =>
      !fetched.has(value) && (readers.get(value) ?? []).every((reader) => inside.has(reader));
    for (const node of order.slice(floor, begin).reverse()) if (node.outputs.every(isOwn)) inside.add(node);
    const between = order.slice(floor, begin);
    const taken = between.filter((node) => inside.has(node));
    order.splice(floor, between.length, ...between.filter((node) => !inside.has(node)), ...taken);
    return begin - taken.length;
  });
  return { nodes: order, begins };
}
