import { type CompiledEngine, type CompileRequest, compile } from "../compiler/compile";
import { SkipstepError } from "../errors/error";
import type { Tensors } from "../hooks";
import type { Turns } from "../memory/component";
import type { Residency } from "../memory/residency";
import { isBuilding, type PluginHost } from "../plugins/host";
import type { OpenedComponent } from "../program/opened-component";
import { Program } from "../program/program";
import { engineRepaired, weightsNotFinite } from "../report/warnings";
import type { Runtime } from "../runtime/runtime";
import type { BuiltModel, PlacementChoice } from "./build-model";
import { explainNonFinite } from "./explain-non-finite";
import { refuseFallback } from "./fallback-notes";
import { type FittedModel, fitModel } from "./fit-model";

export interface OpenOptions {
  readonly cacheDir: string;
  readonly plugins: PluginHost;
  /** The component that run-time hooks wrap. */
  readonly denoiser: string;
  /** Whether nodes that fall to the CPU are an error. */
  readonly strict?: boolean;
  /** When weights are in memory, and whose turn it is. */
  readonly memory: PlacementChoice;
  readonly turns: Turns;
  readonly signal?: AbortSignal | undefined;
  /** Told while weights are written: bytes done, of all. */
  readonly onCompile?: ((component: string, done: number, of: number) => void) | undefined;
}

/**
 * Compiles what is not in the cache, and opens its sessions. Closes the weights, also when it fails.
 * @throws SKIPSTEP_PROVIDER_KERNEL, SKIPSTEP_PROVIDER_FALLBACK before anything is compiled
 */
export async function openModels(
  built: readonly BuiltModel[],
  runtime: Runtime,
  options: OpenOptions,
): Promise<OpenedComponent[]> {
  try {
    const fitted: FittedModel[] = [];
    await runtime.inTurn(async () => {
      for (const model of built) fitted.push(await fitModel(model, runtime));
    });
    if (options.strict) refuseFallback(fitted);
    const opened: OpenedComponent[] = [];
    for (const model of fitted) opened.push(await startComponent(model, runtime, options));
    return opened;
  } finally {
    for (const { weights } of built) weights.close();
  }
}

async function startComponent(
  { name, source, weights, graph, plan, devices, precision, formsOf, fallback }: FittedModel,
  runtime: Runtime,
  { cacheDir, plugins, denoiser, memory, turns, signal, strict = false, onCompile }: OpenOptions,
): Promise<OpenedComponent> {
  const identity = weights.identity(cacheDir);
  const isOnCpu = devices.every((device = runtime.provider) => device === "cpu");
  const convolutionBlock = isOnCpu ? await runtime.convolutionBlock() : undefined;
  const noFallback = plan.segments.map((_, i) => strict && formsOf(i) !== undefined);
  const residency: Residency = { mode: memory.memory, turns, devices, noFallback };
  const computesHalf = precision && plan.segments.some((_, i) => precision.operatorsOf(i));
  const request: CompileRequest = {
    graph,
    plan,
    identity,
    cacheDir,
    convolutionBlock,
    formsOf,
    precision,
    smallPayloads: computesHalf ? new Map() : undefined,
    component: name,
    className: source.component.className,
    source: source.component.source.path,
    plugins: plugins.plugins
      .filter((plugin) => name === denoiser || isBuilding(plugin, name, denoiser))
      .map((plugin) => plugin.name),
  };
  const compiled = (force: boolean): Promise<CompiledEngine> =>
    compile({ ...request, force, signal, onEvent: ({ done, of }) => onCompile?.(name, done, of) });
  const explain = computesHalf ? (inputs: Tensors) => explainNonFinite(runtime, request, inputs) : undefined;
  const opened = async (engine: CompiledEngine): Promise<OpenedComponent> => ({
    name,
    identity,
    engine,
    fallback,
    program: await Program.open(runtime, graph, plan, engine, residency, explain),
  });
  const first = await compiled(false);
  try {
    return await opened(first);
  } catch (error) {
    if (!(first.cached && error instanceof SkipstepError && error.code === "SKIPSTEP_SESSION_FAILED")) throw error;
    // What another version or a broken disk left there looks right and is not.
    return opened(await compiled(true));
  }
}

/** Lines for the report about what was found in the weights, and in the cache. */
export function openWarnings(opened: readonly OpenedComponent[]): string[] {
  return opened.flatMap(({ name, engine: { nonFinite, repaired } }) => [
    ...(repaired === undefined ? [] : [engineRepaired(name, repaired)]),
    ...(nonFinite.length === 0 ? [] : [weightsNotFinite(name, nonFinite)]),
  ]);
}
