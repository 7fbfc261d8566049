import { bestForms, countFallback, type Fallback, type OperatorCounts } from "../compiler/providers/fallback-counts";
import { list } from "../errors/nearest";
import { countsText, nodesFallBack } from "../errors/provider";
import type { Note } from "../weights/checkpoint/note";
import type { BuiltModel } from "./build-model";

/** A component, and what of it runs on the CPU though it was put elsewhere. */
interface Placed {
  readonly name: string;
  readonly fallback: Fallback | undefined;
}

/** What is known before a device is tried: forms are taken to be the best. @param device where a model says nothing */
export function expectedFallback({ graph, plan, dtype, devices }: BuiltModel, device: string): Fallback | undefined {
  const placed = devices.map((given = device) => given);
  const { emitterOf } = graph.hooks;
  return countFallback(plan.segments, placed, bestForms(plan.segments, placed), {
    folds: dtype === "float32",
    emitterOf,
  });
}

/** A warning for each plugin whose operators have no kernels where they were put; core's own are a conclusion. */
export function fallbackNotes(placed: readonly Placed[]): Note[] {
  return placed.flatMap(({ name, fallback }): Note[] => {
    if (!fallback) return [];
    const { counts, plugins } = fallback;
    const where = list(fallback.devices.map((device) => `"${device}"`));
    const said = (own: OperatorCounts): string =>
      `${total(own)} nodes of ${name} run on the CPU, as ${where} has no kernels for them: ${countsText(own)}.`;
    const others = Object.entries(counts).map(([operator, count]): [string, number] => [
      operator,
      count - Object.values(plugins).reduce((sum, own) => sum + (own[operator] ?? 0), 0),
    ]);
    const core = Object.fromEntries(others.filter(([, count]) => count > 0));
    return [
      ...Object.entries(plugins).map(([plugin, own]): Note => ({ kind: "warning", text: `${plugin}: ${said(own)}` })),
      ...(total(core) > 0 ? [{ kind: "conclusion", text: said(core) } as const] : []),
    ];
  });
}

/** @throws SKIPSTEP_PROVIDER_FALLBACK */
export function refuseFallback(placed: readonly Placed[]): void {
  for (const { name, fallback } of placed)
    if (fallback && total(fallback.counts) > 0) throw nodesFallBack(name, fallback.devices, fallback.counts);
}

function total(counts: OperatorCounts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
