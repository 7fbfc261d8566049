import {
  type Architecture,
  type GraphPluginUse,
  graphPlugins,
  type OpenedGraph,
  openGraph,
  type Tensor,
} from "@skipstep/core/model";
import type { DeviceTensor, Step } from "@skipstep/core/plugin";
import { buildGraph, readConfig } from "./build-graph";
import { testRuntime } from "./test-runtime";

/** A denoiser that runs with plugins, step by step, where there is no pipeline for it. */
export interface DenoiserWithPlugins<Config> extends Pick<OpenedGraph, "regions" | "close"> {
  /** Its config.json, checked and with defaults filled in. */
  readonly config: Config;
  /**
   * One pass over it.
   * @param inputs by the graph's names; others are left alone
   * @param step what plugins are told; without it all is computed
   */
  pass(inputs: Readonly<Record<string, Tensor>>, step?: Step): Promise<Record<string, Tensor>>;
  /** Passes of one generation: what plugins keep lives until its end. */
  generation<Result>(body: () => Promise<Result>): Promise<Result>;
}

/** Builds a denoiser out of a component's folder, cut and hooked by plugins. */
export async function openWithPlugins<Config>(
  architecture: Architecture<Config>,
  folder: string,
  uses: readonly GraphPluginUse[],
): Promise<DenoiserWithPlugins<Config>> {
  const runtime = await testRuntime();
  const config = architecture.parse(readConfig(folder));
  const plugins = graphPlugins("transformer", uses, architecture.structure!(config));
  const graph = buildGraph(architecture as Architecture, folder, { hooks: plugins.build });
  const opened = await openGraph(runtime, graph, { plugins });
  const read = async (outputs: Readonly<Record<string, DeviceTensor>>): Promise<Record<string, Tensor>> =>
    Object.fromEntries(
      await Promise.all(Object.entries(outputs).map(async ([name, output]) => [name, await output.read()] as const)),
    );
  return {
    config,
    regions: opened.regions,
    pass: (inputs, step) =>
      runtime.pass(async () => {
        const uploaded = graph.inputs.map(({ name }) => [name, runtime.upload(inputs[name]!)] as const);
        return read(await opened.run(Object.fromEntries(uploaded), step));
      }),
    generation: (body) => runtime.generation(body),
    close: () => opened.close(),
  };
}
