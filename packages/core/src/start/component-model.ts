import type { ArchitectureEntry, Warn } from "../architecture/architecture";
import { componentClass } from "../errors/pipeline";
import type { Configs, Family } from "../loop/family";
import type { Structure } from "../plugins/manifest";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Component } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";

/** A component of a checkpoint and the architecture that it is. */
export interface ComponentModel {
  readonly component: Component;
  readonly model: ArchitectureEntry;
  /** Its config.json, checked and with defaults filled in. */
  readonly config: unknown;
  /** What was found out while the config was read. */
  readonly notes?: readonly Note[];
}

/**
 * Recognises the components that a family runs. Reads no weights.
 * @throws SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_COMPONENT_CLASS, SKIPSTEP_MODEL_OPTION
 */
export function componentModels(family: Family, checkpoint: Checkpoint): ReadonlyMap<string, ComponentModel> {
  const { components, optional = [] } = family;
  const present = Object.entries(components).filter(
    ([name]) => checkpoint.components.has(name) || !optional.includes(name),
  );
  return new Map(
    present.map(([name, classes]) => {
      const component = checkpoint.component(name);
      const { className, source } = component;
      const model = Object.hasOwn(classes, className) ? classes[className] : undefined;
      if (!model) throw componentClass(source.path, className, Object.keys(classes));
      return [name, { component, model, ...parsedConfig(component, model, name, family) }];
    }),
  );
}

type Parsed = Pick<ComponentModel, "notes"> & { readonly config: object };

const parsed = new WeakMap<Component, Parsed>();
const parsedBy = new WeakMap<object, ArchitectureEntry>();

/** The same object each time: what is worked out from a config is kept by it. */
function parsedConfig(component: Component, model: ArchitectureEntry, name: string, family: Family): Parsed {
  const before = parsed.get(component);
  if (before) return before;
  const notes: Note[] = [];
  const warn = (text: string) => notes.push({ kind: "warning", text: `${component.source.config}: ${text}` });
  const config = heeded(model.architecture.parse(component.config, warn) as object, name, family, warn);
  parsed.set(component, { config, notes });
  parsedBy.set(config, model);
  return { config, notes };
}

/** A config without what the family's pipeline leaves out. */
function heeded(config: object, name: string, { unheeded = {}, className }: Family, warn: Warn): object {
  const options = config as Readonly<Record<string, unknown>>;
  const set = (unheeded[name] ?? []).filter((key) => (options[key] ?? 0) !== 0);
  for (const key of set) warn(`"${key}" has no effect in a ${className}, as in diffusers.`);
  return set.length === 0 ? config : { ...options, ...Object.fromEntries(set.map((key) => [key, null])) };
}

/** What a component's config was parsed by, in `componentModels`. */
export function modelOf(config: object): ArchitectureEntry {
  return parsedBy.get(config)!;
}

/** What plugins may know of the denoiser. */
export function denoiserStructure(family: Family, models: ReadonlyMap<string, ComponentModel>): Structure {
  const { model, config, component } = models.get(family.denoiser)!;
  const structure = { ...model.architecture.structure!(config), components: [...models.keys()] };
  return component.format === undefined ? structure : { ...structure, weightFormat: component.format };
}

export function configsOf(models: ReadonlyMap<string, ComponentModel>, { options }: Checkpoint): Configs {
  return { ...Object.fromEntries([...models].map(([name, { config }]) => [name, config])), model_index: options };
}
