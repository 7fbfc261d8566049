import type { ArchitectureEntry, Warn } from "../architecture/architecture";
import type { ComponentModel } from "../architecture/component-model";
import type { Structure } from "../architecture/structure";
import { componentClass } from "../errors/pipeline";
import { controlNetsIn, isControlNet } from "../loop/control-nets";
import type { Configs, Family } from "../loop/family";
import type { RecognisedModel } from "../loop/recognised-model";
import type { Checkpoint } from "../weights/checkpoint/checkpoint";
import type { Component } from "../weights/checkpoint/component";
import type { Note } from "../weights/checkpoint/note";
import type { Catalogue } from "./catalogue";

/**
 * Recognises a checkpoint: its family, and the architecture of each component that the family runs. Reads no weights.
 * @throws SKIPSTEP_PIPELINE_UNKNOWN, SKIPSTEP_COMPONENT_MISSING, SKIPSTEP_COMPONENT_CLASS, SKIPSTEP_MODEL_OPTION
 */
export function recognise(checkpoint: Checkpoint, catalogue: Catalogue): RecognisedModel {
  const family = catalogue.familyOf(checkpoint);
  const components = withControlNets(family, componentModels(family, checkpoint), checkpoint);
  const configs = configsOf(components, checkpoint);
  family.checkFit?.(configs);
  return {
    checkpoint,
    family,
    components,
    configs,
    structure: denoiserStructure(family, components),
    schedulers: catalogue.schedulers,
    settingsSchema: catalogue.settingsSchema,
  };
}

export function componentModels(family: Family, checkpoint: Checkpoint): ReadonlyMap<string, ComponentModel> {
  const { components, optional = [], controlNets } = family;
  const present = Object.entries(components).filter(
    ([name]) => checkpoint.components.has(name) || !optional.includes(name),
  );
  const nets = controlNets ? controlNetsIn(checkpoint.components.keys()) : [];
  const all = [...present, ...nets.map((name) => [name, controlNets!.classes] as const)];
  return new Map(
    all.map(([name, classes]) => {
      const component = checkpoint.component(name);
      const { className, source } = component;
      const model = Object.hasOwn(classes, className) ? classes[className] : undefined;
      if (!model) throw componentClass(source.path, className, Object.keys(classes));
      return [name, { component, model, ...parsedConfig(component, model, name, family) }];
    }),
  );
}

/** Denoiser and nets each with what they need to know of the other. */
function withControlNets(
  { controlNets, denoiser }: Family,
  models: ReadonlyMap<string, ComponentModel>,
  checkpoint: Checkpoint,
): ReadonlyMap<string, ComponentModel> {
  const names = controlNetsIn(models.keys());
  if (!controlNets || names.length === 0) return models;
  const nets = names.map((name) => {
    const { config, component } = models.get(name)!;
    return { name, config, path: component.source.hub ?? component.source.path };
  });
  const joined = controlNets.join(configsOf(models, checkpoint), nets);
  const configs = new Map([[denoiser, joined.denoiser], ...names.map((name, i) => [name, joined.nets[i]!] as const)]);
  const { shared } = controlNets;
  return new Map(
    [...models].map(([name, model]) => {
      const from = shared && isControlNet(name) ? { shared: { component: denoiser, tensors: shared } } : {};
      return [name, { ...model, config: configs.get(name) ?? model.config, ...from }];
    }),
  );
}

function parsedConfig(
  { config: raw, source }: Component,
  { architecture }: ArchitectureEntry,
  name: string,
  family: Family,
): Pick<ComponentModel, "config" | "notes"> {
  const notes: Note[] = [];
  const warn = (text: string) => notes.push({ kind: "warning", text: `${source.config}: ${text}` });
  const config = heeded(architecture.parse(raw, warn) as object, name, family, warn);
  return { config, notes };
}

/** A config without what the family's pipeline leaves out. */
function heeded(config: object, name: string, { unheeded = {}, className }: Family, warn: Warn): object {
  const options = config as Readonly<Record<string, unknown>>;
  const set = (unheeded[name] ?? []).filter((key) => (options[key] ?? 0) !== 0);
  for (const key of set) warn(`"${key}" has no effect in a ${className}, as in diffusers.`);
  return set.length === 0 ? config : { ...options, ...Object.fromEntries(set.map((key) => [key, null])) };
}

function denoiserStructure({ denoiser }: Family, models: ReadonlyMap<string, ComponentModel>): Structure {
  const { model, config, component } = models.get(denoiser)!;
  const structure = { ...model.architecture.structure!(config), components: [...models.keys()] };
  return component.format === undefined ? structure : { ...structure, weightFormat: component.format };
}

export function configsOf(models: ReadonlyMap<string, ComponentModel>, { options }: Checkpoint): Configs {
  return { ...Object.fromEntries([...models].map(([name, { config }]) => [name, config])), model_index: options };
}
