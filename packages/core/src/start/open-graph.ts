import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compile } from "../compiler/compile";
import { planGraph } from "../compiler/plan";
import { formsOn } from "../compiler/providers/choose-forms";
import type { Graph } from "../graph/graph";
import type { Step, Tensors } from "../hooks";
import { RunHooks } from "../loop/run-hooks";
import { Program } from "../program/program";
import type { RegionReceipt } from "../report/receipts";
import type { Runtime } from "../runtime/runtime";
import { regionClaims } from "./build-model";
import type { GraphPlugins } from "./graph-plugins";

export interface OpenGraphOptions {
  /** Plugins that it was built with: it is cut at their regions. */
  readonly plugins?: GraphPlugins | undefined;
  /** What its modules returned comes out beside its outputs: `layers.0.out0`. */
  readonly taps?: boolean;
  /** Where it is compiled to. A folder of its own that goes with it when left out. */
  readonly cacheDir?: string;
  /** `WeightSource.identity` of its weights; needed where `cacheDir` holds graphs of other weights. */
  readonly identity?: string;
}

/** A graph that runs as in a pipeline, without one: for tests of models and plugins, and for measuring. */
export interface OpenedGraph {
  /**
   * @param inputs a tensor for each of the graph's inputs, uploaded to the runtime
   * @param step at which plugins are asked at their regions; all is computed when left out
   * @returns the graph's outputs by name
   */
  run(inputs: Tensors, step?: Step): Promise<Tensors>;
  /** What happened at the plugins' regions in all runs with a step. */
  readonly regions: readonly RegionReceipt[];
  /** Frees its memory, and the folder of its own where it was given none. */
  close(): Promise<void>;
}

/**
 * Plans a graph, compiles it and opens it on ONNX Runtime.
 * @throws SKIPSTEP_REGION_UNKNOWN, SKIPSTEP_REGION_OVERLAP, SKIPSTEP_SESSION_FAILED, and what reading the weights throws
 */
export async function openGraph(
  runtime: Runtime,
  graph: Graph,
  { plugins, taps = false, cacheDir, identity = "" }: OpenGraphOptions = {},
): Promise<OpenedGraph> {
  const { component } = graph;
  const claims = plugins ? regionClaims(plugins.host, plugins.structure) : [];
  const tapped = taps ? [...graph.taps].map(([name, value]) => ({ name, value })) : [];
  const plan = planGraph(graph, claims, tapped);
  const folder = cacheDir ?? mkdtempSync(join(tmpdir(), "skipstep-graph-"));
  const free = (): void => {
    if (cacheDir === undefined) rmSync(folder, { recursive: true, force: true });
  };
  const hooks = new RunHooks(plugins?.host ?? { plugins: [] });
  try {
    const compiled = await compile({
      graph,
      plan,
      identity,
      cacheDir: folder,
      convolutionBlock: runtime.provider === "cpu" ? await runtime.convolutionBlock() : undefined,
      formsOf: await formsOn(runtime, {
        name: component,
        segments: plan.segments,
        devices: plan.segments.map(() => runtime.provider),
      }),
      component,
      className: plugins?.structure.className ?? component,
      source: folder,
      plugins: plugins?.host.plugins.map(({ name }) => name) ?? [],
    });
    const program = await Program.open(runtime, graph, plan, compiled);
    return {
      run: (inputs, step) =>
        program.run(inputs, step ? { around: hooks.around(step), observe: hooks.observe(step) } : {}),
      regions: hooks.receipts,
      close: () => program.close().finally(free),
    };
  } catch (error) {
    free();
    throw error;
  }
}
