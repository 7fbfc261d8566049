import type { ComponentModel } from "../architecture/component-model";
import type { BuildHooks } from "../graph/build-hooks";
import type { FamilyParts } from "../loop/family";
import type { OpenedComponent } from "../program/opened-component";
import type { Runtime } from "../runtime/runtime";
import { buildModel } from "./build-model";
import type { LateFunctions } from "./late-functions";
import { type OpenOptions, openModels } from "./open-models";

/**
 * Opens functions of components that few generations need, such as the VAE's encoder, when they are first asked for.
 * @param late told each time that one is
 */
export function lazyEntries(
  sources: ReadonlyMap<string, ComponentModel>,
  runtime: Runtime,
  hooks: BuildHooks,
  options: OpenOptions,
  late: LateFunctions,
): FamilyParts["entry"] {
  const opened = new Map<string, Promise<OpenedComponent>>();
  const open = async (name: string, entry: string): Promise<OpenedComponent> => {
    const source = sources.get(name)!;
    const model = { ...source.model, entry };
    // The pipeline was opened long ago: its caller's signal does not count any more.
    const [first] = await openModels([buildModel(name, { ...source, model }, hooks, options.memory)], runtime, {
      ...options,
      signal: undefined,
    });
    return first!;
  };
  return async (name, entry) => {
    const key = `${name}/${entry}`;
    const known = opened.get(key) ?? open(name, entry);
    opened.set(key, known);
    known.catch(() => opened.delete(key)); // tried again the next time
    const own = await known;
    late.note(key, own);
    return own.program;
  };
}
