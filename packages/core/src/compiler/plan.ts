import { regionBackwards, regionsOverlap, regionUnknown } from "../errors/graph";
import { list } from "../errors/nearest";
import type { Graph } from "../graph/graph";
import { isInModule, outerModules } from "../graph/module-names";
import type { SizeCheck } from "../graph/store";
import { type Node, readsOf, type Value } from "../graph/value";
import type { Region } from "../hooks";
import { takeIn } from "./lean-regions";
import { promptNodes } from "./prompt-nodes";
import { type TimeNodes, timeNodes } from "./time-nodes";

/** One plugin's request for one region. */
export interface RegionClaim {
  /** Name of the plugin, and its place in the config: earlier ones wrap later ones. */
  readonly plugin: string;
  readonly order: number;
  readonly region: Region;
}

/** A run of nodes between two cuts; it becomes one ONNX model and one session. */
export interface Segment {
  /** 0-based, in running order. */
  readonly index: number;
  readonly nodes: readonly Node[];
  /** What it reads that is neither made inside it nor an initializer nor a size. */
  readonly inputs: readonly Value[];
  /** Run-time sizes that the runtime feeds. */
  readonly sizes: readonly Value[];
  /** What it makes that is read outside of it. */
  readonly outputs: readonly Value[];
}

/** A value at a region's edge, under the name that plugins see. */
export interface Port {
  readonly name: string;
  readonly value: Value;
}

/** A region with what lies inside it. */
export interface RegionPart {
  readonly kind: "region";
  readonly claim: RegionClaim;
  readonly parts: readonly Part[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export type Part = { readonly kind: "segment"; readonly segment: Segment } | RegionPart;

/** What the timestep decides, with what is the same at every step. */
export interface TimeSegment extends Omit<TimeNodes, "nodes"> {
  readonly segment: Segment;
}

/** A graph cut at the edges of the regions that plugins hook, behind what the timestep or the prompt alone decides, and where it was asked for. */
export interface Plan {
  readonly parts: readonly Part[];
  /** What is known of all steps before the first: runs for many steps at once, or before the other parts of a step. */
  readonly time?: TimeSegment;
  /** What depends on steady inputs alone: runs before the parts, once for each set of them. */
  readonly prompt?: Segment;
  readonly segments: readonly Segment[];
  /** The graph's outputs by name. */
  readonly outputs: readonly Port[];
  /** What comes out for `observed` hooks. Where a region that it lies in is skipped, it does not. */
  readonly observed: readonly Port[];
  /** What must hold once the run-time sizes are known. */
  readonly checks: readonly SizeCheck[];
}

/** A claim with the nodes that it covers, `begin..end`. */
interface Span {
  readonly claim: RegionClaim;
  readonly begin: number;
  readonly end: number;
}

/**
 * Cuts a graph into segments and nests the regions.
 * @param extra values that must come out besides the graph's outputs, such as taps
 * @param cutsAt positions of nodes at which a segment begins as well, in order
 * @throws SKIPSTEP_REGION_UNKNOWN, SKIPSTEP_REGION_OVERLAP
 */
export function planGraph(
  graph: Graph,
  claims: readonly RegionClaim[],
  extra: readonly Port[] = [],
  cutsAt: readonly number[] = [],
): Plan {
  const outputs = [...graph.outputs, ...extra];
  const observed = [...graph.observed].map(([name, value]) => ({ name, value }));
  const leaving = [...outputs, ...observed];
  const { ordered, time, begin, cuts } = knownFirst(graph, claims, cutsAt, leaving);
  const { nodes, spans } = withLeanSpans(ordered, claims, begin, cuts, leaving);
  const readers = lastReaders(nodes, outputs);
  const fetched = lastReaders(nodes, leaving);
  const segments: Segment[] = [];
  const open = [...spans];

  const timed = time?.nodes.size ?? 0;
  const timeSegment = time && { ...time, segment: cutSegment(nodes, 0, timed, fetched, segments) };
  const promptSegment = begin === timed ? undefined : cutSegment(nodes, timed, begin, fetched, segments);

  // Emits the parts of begin..end, taking the spans that lie inside from the front of `open`.
  const partsOf = (begin: number, end: number, owner?: Span): Part[] => {
    const parts: Part[] = [];
    let at = begin;
    const segmentTo = (to: number): void => {
      for (const end of [...cuts.filter((cut) => cut > at && cut < to), to]) {
        if (end > at) parts.push({ kind: "segment", segment: cutSegment(nodes, at, end, fetched, segments) });
        at = end;
      }
    };
    while (open[0] && open[0].begin < end) {
      const span = open.shift()!;
      if (span.end > end) throw overlap(owner!, span);
      segmentTo(span.begin);
      parts.push({
        ...edges(graph, nodes, span, readers),
        kind: "region",
        claim: span.claim,
        parts: partsOf(span.begin, span.end, span),
      });
      at = span.end;
    }
    segmentTo(end);
    return parts;
  };

  const parts = partsOf(begin, nodes.length);
  return {
    parts,
    ...(timeSegment ? { time: timeSegment } : {}),
    ...(promptSegment ? { prompt: promptSegment } : {}),
    segments,
    outputs,
    observed,
    checks: graph.checks,
  };
}

/**
 * Moves what only a lean region reads into it.
 * @param from where regions begin @param cuts positions that nothing crosses @param leaving what comes out of the graph
 * @returns the nodes, and the claims' spans, outermost first
 */
function withLeanSpans(
  ordered: readonly Node[],
  claims: readonly RegionClaim[],
  from: number,
  cuts: readonly number[],
  leaving: readonly Port[],
): { nodes: readonly Node[]; spans: readonly Span[] } {
  const spans = claims.map((claim) => spanOf(ordered, claim, from)).sort(outermostFirst);
  const ranges = spans.map(({ begin, end, claim }) => ({ begin, end, lean: claim.region.lean === true }));
  const { nodes, begins } = takeIn(ordered, ranges, [from, ...cuts], new Set(leaving.map(({ value }) => value)));
  return { nodes, spans: spans.map((span, i) => ({ ...span, begin: begins[i]! })) };
}

/**
 * Puts before all others the nodes that the timestep decides, then those that depend on the prompt alone, except those of
 * them that a plugin's region covers.
 * @returns the nodes, where the others begin, and the cuts among these
 */
function knownFirst(
  { inputs, nodes }: Graph,
  claims: readonly RegionClaim[],
  cuts: readonly number[],
  leaving: readonly Port[],
): { ordered: readonly Node[]; time: TimeNodes | undefined; begin: number; cuts: readonly number[] } {
  const spans = claims.map((claim) => spanOf(nodes, claim));
  const isCovered = (at: number): boolean => spans.some(({ begin, end }) => begin <= at && at < end);
  const time = timeFirst(inputs, nodes, claims, new Set(leaving.map(({ value }) => value)));
  const prompt = promptNodes(nodes, (at) => !isCovered(at) && !time?.nodes.has(nodes[at]!));
  const isOther = (node: Node): boolean => !prompt.has(node) && !time?.nodes.has(node);
  const first = [...(time?.nodes ?? []), ...prompt];
  return {
    ordered: [...first, ...nodes.filter(isOther)],
    time,
    begin: first.length,
    cuts: cuts.map((cut) => first.length + nodes.slice(0, cut).filter(isOther).length),
  };
}

/** Nodes that the timestep decides. Those that a region begins or ends with stay, so that there is such a place. */
function timeFirst(
  inputs: readonly Value[],
  nodes: readonly Node[],
  claims: readonly RegionClaim[],
  leaving: ReadonlySet<Value>,
): TimeNodes | undefined {
  const edges = claims
    .flatMap(({ region: { from, to, until } }) => [from, until ?? to])
    .filter((scope) => scope !== "");
  const held = new Set<string>();
  for (;;) {
    const time = timeNodes(inputs, nodes, leaving, ({ scope }) => ![...held].some((edge) => isInModule(scope, edge)));
    const isEmptied = (edge: string): boolean =>
      nodes.every((node) => !isInModule(node.scope, edge) || time?.nodes.has(node) === true);
    const emptied = edges.filter((edge) => !held.has(edge) && isEmptied(edge));
    if (emptied.length === 0) return time;
    for (const edge of emptied) held.add(edge);
  }
}

/** Nodes of a claim's scopes. @param first position before which no region begins */
function spanOf(nodes: readonly Node[], claim: RegionClaim, first = 0): Span {
  const { from, to, until } = claim.region;
  const edge = (scope: string, find: "findIndex" | "findLastIndex"): number => {
    const isEdge = (node: Node): boolean => scope === "" || isInModule(node.scope, scope); // "" is the whole model
    const at = nodes[find]((node, i) => i >= first && isEdge(node));
    if (at < 0) throw regionUnknown(claim.plugin, scope, ` It has: ${list(outerModules(nodes))}.`);
    return at;
  };
  const begin = edge(from, "findIndex");
  const end = until === undefined ? edge(to, "findLastIndex") + 1 : edge(until, "findIndex");
  if (end <= begin) throw regionBackwards(claim.plugin, textOf(claim));
  return { claim, begin, end };
}

/** By begin, the longer first; equal ones by the config's order, the first outermost. */
function outermostFirst(a: Span, b: Span): number {
  return a.begin - b.begin || b.end - a.end || a.claim.order - b.claim.order;
}

function overlap(a: Span, b: Span): Error {
  const side = ({ claim }: Span): { plugin: string; text: string } => ({ plugin: claim.plugin, text: textOf(claim) });
  return regionsOverlap(side(a), side(b));
}

function textOf({ region }: RegionClaim): string {
  if (region.until !== undefined) return `region "${region.from}" until "${region.until}"`;
  return region.from === region.to ? `region "${region.from}"` : `region "${region.from}" to "${region.to}"`;
}

/** The position after which a value is read no more; outputs are read at the end. */
function lastReaders(nodes: readonly Node[], outputs: readonly Port[]): ReadonlyMap<Value, number> {
  const last = new Map<Value, number>();
  for (const [i, node] of nodes.entries()) for (const value of readsOf(node)) last.set(value, i);
  for (const { value } of outputs) last.set(value, nodes.length);
  return last;
}

/** Values that enter and leave the nodes `begin..end`. */
function crossing(
  nodes: readonly Node[],
  begin: number,
  end: number,
  last: ReadonlyMap<Value, number>,
): { reads: Set<Value>; outputs: Value[] } {
  const made = new Set<Value>();
  const reads = new Set<Value>();
  for (const node of nodes.slice(begin, end)) {
    for (const value of readsOf(node)) if (!made.has(value)) reads.add(value);
    for (const output of node.outputs) made.add(output);
  }
  return { reads, outputs: [...made].filter((value) => (last.get(value) ?? -1) >= end) };
}

function cutSegment(
  nodes: readonly Node[],
  begin: number,
  end: number,
  last: ReadonlyMap<Value, number>,
  segments: Segment[],
): Segment {
  const { reads, outputs } = crossing(nodes, begin, end, last);
  const segment: Segment = {
    index: segments.length,
    nodes: nodes.slice(begin, end),
    inputs: [...reads].filter(({ origin }) => origin.kind === "input" || origin.kind === "node"),
    sizes: [...reads].filter(({ origin }) => origin.kind === "sizes"),
    outputs,
  };
  segments.push(segment);
  return segment;
}

/** A region's inputs and outputs, named by stream where the model named them. */
function edges(
  graph: Graph,
  nodes: readonly Node[],
  { begin, end }: Span,
  last: ReadonlyMap<Value, number>,
): { inputs: Port[]; outputs: Port[] } {
  const { reads, outputs } = crossing(nodes, begin, end, last);
  const entering = [...reads].filter(
    ({ origin }) => origin.kind === "node" || (origin.kind === "input" && !origin.branch),
  );
  return { inputs: ports(graph, entering), outputs: ports(graph, outputs) };
}

/** When two values carry the same stream name, the one made last has it and the other goes by its own name. */
function ports(graph: Graph, values: readonly Value[]): Port[] {
  const holder = new Map<string, Value>();
  for (const value of values) {
    const label = graph.labels.get(value);
    if (label !== undefined) holder.set(label, value);
  }
  return values.map((value) => {
    const label = graph.labels.get(value);
    return { name: label !== undefined && holder.get(label) === value ? label : value.name, value };
  });
}
