import { countFlops, type Flops } from "../compiler/flops";
import { activationBytes, weightBytes } from "../compiler/memory-estimate";
import { type Part, planGraph, type RegionPart } from "../compiler/plan";
import type { Sizes } from "../graph/dim";
import type { Graph } from "../graph/graph";
import type { RegionRequest } from "../plugins/manifest";

/** What one run of a graph costs. */
export interface GraphCost {
  readonly flops: Flops;
  /** Bytes of its weights once they are loaded, and the most of values between nodes at once. */
  readonly weightBytes: number;
  readonly activationBytes: number;
}

/** What one run of a graph costs at given sizes. @param sizes the run-time sizes: `{ B: 2, h: 32, w: 32 }` */
export function graphCost(graph: Graph, sizes: Sizes): GraphCost {
  return {
    flops: countFlops(graph.nodes, sizes),
    weightBytes: weightBytes(graph),
    activationBytes: activationBytes(graph, sizes),
  };
}

/** A region as `blockForward` meets it: the tensors that enter it and leave it, by name. */
export interface RegionEdges {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Cuts a graph as a plugin's regions would.
 * @throws SKIPSTEP_REGION_UNKNOWN, SKIPSTEP_REGION_OVERLAP
 */
export function regionEdges(graph: Graph, requests: readonly RegionRequest[]): RegionEdges[] {
  const claims = requests.map(({ to, ...request }, index) => ({
    plugin: "regions",
    order: 0,
    region: { ...request, index, to: to ?? request.from },
  }));
  return regionsIn(planGraph(graph, claims).parts).map(({ claim, inputs, outputs }) => ({
    name: claim.region.name,
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name }) => name),
  }));
}

function regionsIn(parts: readonly Part[]): RegionPart[] {
  return parts.flatMap((part) => (part.kind === "region" ? [part, ...regionsIn(part.parts)] : []));
}
