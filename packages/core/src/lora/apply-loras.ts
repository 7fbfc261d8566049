import { Weights } from "../checkpoint/weights";
import type { LoraConfig } from "../config/config";
import { loraUnfit } from "../errors/lora";
import { list } from "../errors/nearest";
import type { ComponentModel } from "../pipelines/component-model";
import type { Family } from "../pipelines/family";
import type { WeightUpdate } from "./add-update";
import { checkShapes } from "./check-shapes";
import type { Lora, LoraModel, LoraModule } from "./lora";
import { type LoraTarget, type LoraTargets, loraTargets, targetName } from "./lora-targets";
import { MergedWeights } from "./merged-weights";
import { readLora } from "./read-lora";

/** What a LoRA changes in a pipeline. */
export interface LoraMatch {
  /** Path of its file. */
  readonly file: string;
  readonly scale: number;
  /** Modules that it has, and how many of them by the components that they are in. */
  readonly modules: number;
  readonly matched: Readonly<Record<string, number>>;
  /** Its tensors that are for no module here; of a module's, the first matrix. */
  readonly unmatched: readonly string[];
}

/** A pipeline's models with LoRAs merged into their weights. */
export interface AppliedLoras {
  readonly sources: ReadonlyMap<string, ComponentModel>;
  readonly loras: readonly LoraMatch[];
}

type Updates = Map<string, Map<string, WeightUpdate[]>>;

/**
 * Merges LoRAs into the model that draws and into CLIP's text encoders; their matrices are read when weights are.
 * @throws SKIPSTEP_LORA_UNFIT, SKIPSTEP_LORA_SHAPE, and what `readLora` and a component's `weights` throw
 */
export function applyLoras(
  { denoiser, className }: Family,
  sources: ReadonlyMap<string, ComponentModel>,
  uses: readonly LoraConfig[] = [],
): AppliedLoras {
  if (uses.length === 0) return { sources, loras: [] };
  const targets = new Map<string, LoraTargets>();
  for (const [name, source] of sources)
    if (name === denoiser || source.component.className.startsWith("CLIPText")) targets.set(name, targetsOf(source));
  const updates: Updates = new Map();
  const componentOf = (model: LoraModel): string => (model === "denoiser" ? denoiser : model);
  const loras = uses.map((use) => {
    const lora = readLora(use);
    const match = matchLora(lora, componentOf, targets, updates);
    if (Object.keys(match.matched).length > 0) return match;
    const names = [...(targets.get(denoiser)?.values() ?? [])].flat().map(({ weight }) => weight);
    throw loraUnfit(lora.file, className, firstOf(match.unmatched), firstOf([...new Set(names)]));
  });
  const merged = [...sources].map(([name, source]) => [name, withUpdates(source, updates.get(name))] as const);
  return { sources: new Map(merged), loras };
}

function targetsOf({ component }: ComponentModel): LoraTargets {
  const weights = component.weights();
  try {
    return loraTargets(
      component.className,
      weights.names.map((name) => weights.entry(name)),
    );
  } finally {
    weights.close();
  }
}

function matchLora(
  { file, scale, modules, unknown }: Lora,
  componentOf: (model: LoraModel) => string,
  targets: ReadonlyMap<string, LoraTargets>,
  updates: Updates,
): LoraMatch {
  const matched: Record<string, number> = {};
  const unmatched: string[] = [];
  const weights = Weights.openFile(file);
  try {
    for (const module of modules) {
      const component = componentOf(module.model);
      const found = targets.get(component)?.get(targetName(module.module));
      if (!found) {
        unmatched.push(module.down);
        continue;
      }
      checkShapes(file, weights, module, found);
      for (const target of found) add(updates, component, target, file, scale, module);
      matched[component] = (matched[component] ?? 0) + 1;
    }
  } finally {
    weights.close();
  }
  return { file, scale, modules: modules.length, matched, unmatched: [...unmatched, ...unknown] };
}

function add(
  updates: Updates,
  component: string,
  { weight, parts }: LoraTarget,
  file: string,
  scale: number,
  { down, up, mid, factor }: LoraModule,
): void {
  const ofComponent = updates.get(component) ?? new Map<string, WeightUpdate[]>();
  const update = { file, down, up, ...(mid === undefined ? {} : { mid }), factor: scale * factor, parts };
  ofComponent.set(weight, [...(ofComponent.get(weight) ?? []), update]);
  updates.set(component, ofComponent);
}

function withUpdates(source: ComponentModel, updates: ReadonlyMap<string, WeightUpdate[]> | undefined): ComponentModel {
  if (!updates) return source;
  const { component } = source;
  return { ...source, component: { ...component, weights: () => MergedWeights.open(component.weights(), updates) } };
}

function firstOf(names: readonly string[]): string[] {
  return names.length > 3 ? [...names.slice(0, 3), "..."] : [...names];
}

/** Lines for the report about tensors that were for nothing. */
export function loraWarnings(loras: readonly LoraMatch[]): string[] {
  return loras.flatMap(({ file, modules, matched, unmatched }) => {
    if (unmatched.length === 0) return [];
    const count = Object.values(matched).reduce((sum, part) => sum + part, 0);
    return `${file}: ${count} of its ${modules} modules are in the model, and nothing is there for ${list(firstOf(unmatched))}. Was it made for another model?`;
  });
}
