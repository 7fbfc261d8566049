import type { ComponentModel } from "../architecture/component-model";
import { noHooks } from "../graph/build-hooks";
import { Graph } from "../graph/graph";
import { AskedWeights } from "../weights/checkpoint/asked-weights";
import { isHarmless } from "../weights/checkpoint/harmless-tensors";
import type { Note } from "../weights/checkpoint/note";
import { tensorsUnused } from "../weights/checkpoint/tensors-unused";

/**
 * Tensors of a component that none of its model's functions asks for: another model's that is known to lie beside it, and
 * such that are not what the file's author took them for.
 * @param asked the weights that the graph of `source.model.entry` was built from
 */
export function leftoverNotes(name: string, source: ComponentModel, asked: AskedWeights): Note[] {
  return [...notRunNotes(name, source, asked), ...strangeNotes(name, source, asked)];
}

function notRunNotes(name: string, { component: { source }, model }: ComponentModel, asked: AskedWeights): Note[] {
  const { notRun } = model.architecture.file ?? {};
  const count = notRun ? asked.names.filter((tensor) => notRun.tensors.test(tensor)).length : 0;
  if (!notRun || count === 0) return [];
  const text = `${source.hub ?? source.path}: ${name} runs without ${notRun.what}, whose ${count} tensors are not loaded.`;
  return [{ kind: "conclusion", text }];
}

function strangeNotes(name: string, { component, model, config }: ComponentModel, asked: AskedWeights): Note[] {
  const { className, source, withoutEffect } = component;
  const { unneeded, notRun } = model.architecture.file ?? {};
  const unbuilt = model.architecture.withoutEffect?.(config);
  const strange = (tensors: readonly string[]): string[] =>
    tensors.filter(
      (tensor) =>
        !isHarmless(tensor) &&
        !unneeded?.test(tensor) &&
        !notRun?.tensors.test(tensor) &&
        !withoutEffect?.test(tensor) &&
        !unbuilt?.test(tensor),
    );
  let left = strange(asked.left());
  // The others are built when they are needed; here for the names that they ask for.
  for (const [entry, emit] of Object.entries(model.architecture.entries)) {
    if (left.length === 0) return [];
    if (entry === model.entry) continue;
    const others = new AskedWeights(asked);
    try {
      emit(Graph.create(name, others, noHooks), config);
    } catch {
      // What it lacks is told when it is opened.
    }
    const unasked = new Set(others.left());
    left = left.filter((tensor) => unasked.has(tensor));
  }
  if (left.length === 0) return [];
  return [{ kind: "warning", text: tensorsUnused(source.hub ?? source.path, `${className} (${name})`, left) }];
}
