import { type BuildHooks, Graph, noHooks, type WeightSource } from "@skipstep/core/model";
import { memoryWeights } from "./memory-weights";

export interface NewGraphOptions {
  /** What its weights are read from; none when left out. */
  readonly weights?: WeightSource;
  /** A plugin's build hooks, or those of several: `graphPlugins(...).build`. */
  readonly hooks?: Partial<BuildHooks>;
  /** What plugins are told that it is. */
  readonly component?: string;
}

/** An empty graph: a test emits what it is about, by the graph's methods and the layers of `@skipstep/core/model`. */
export function newGraph({ weights, hooks, component = "transformer" }: NewGraphOptions = {}): Graph {
  return Graph.create(component, weights ?? memoryWeights({}), { ...noHooks, ...hooks });
}
