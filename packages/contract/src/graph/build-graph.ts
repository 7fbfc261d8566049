import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture, Graph, WeightSource } from "@skipstep/core/model";
import { memoryWeights } from "./memory-weights";
import { type NewGraphOptions, newGraph } from "./new-graph";
import { readSafetensors } from "./read-safetensors";

/** What a model is built of. */
export interface ModelParts {
  /** The contents of its config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: WeightSource;
}

export interface BuildGraphOptions extends Pick<NewGraphOptions, "hooks" | "component"> {
  /** A key of the architecture's `entries`; `forward` when left out. */
  readonly entry?: string;
}

/**
 * The graph of one function of a model.
 * @param model a component's folder, `config.json` and one small safetensors file, or its parts
 */
export function buildGraph(
  architecture: Architecture,
  model: string | ModelParts,
  { entry = "forward", ...options }: BuildGraphOptions = {},
): Graph {
  const { config, weights } = typeof model === "string" ? partsIn(model) : model;
  const graph = newGraph({ weights, ...options });
  architecture.entries[entry]!(graph, architecture.parse(config));
  options.hooks?.graphBuilt?.(graph);
  return graph;
}

/** The contents of a component's config.json. */
export function readConfig(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
}

function partsIn(folder: string): ModelParts {
  const files = ["diffusion_pytorch_model.safetensors", "model.safetensors"].map((name) => join(folder, name));
  const file = files.find((path) => existsSync(path)) ?? files[0]!;
  return { config: readConfig(folder), weights: memoryWeights(readSafetensors(file)) };
}
