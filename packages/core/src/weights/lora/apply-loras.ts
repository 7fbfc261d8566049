import type { LoraConfig } from "../../config/config";
import { loraKind, loraOther, loraUnfit, loraUnknown } from "../../errors/lora";
import { list } from "../../errors/nearest";
import type { Family } from "../../loop/family";
import type { ComponentModel } from "../../start/component-model";
import type { WeightUpdate } from "./add-update";
import type { Updates } from "./count-update";
import type { LoraPlace } from "./found-update";
import type { Lora } from "./lora";
import { isOther, modelFamily } from "./lora-family";
import { companionOf } from "./lora-role";
import { type LoraTargets, loraTargets } from "./lora-targets";
import { type LoraMatch, matchLora } from "./match-lora";
import { MergedWeights } from "./merged-weights";
import { openLora } from "./read-lora";

export type { LoraMatch } from "./match-lora";

/** A pipeline's models with LoRAs merged into their weights. */
export interface AppliedLoras {
  readonly sources: ReadonlyMap<string, ComponentModel>;
  readonly loras: readonly LoraMatch[];
}

/**
 * Merges LoRAs into the model that draws and into text encoders; their matrices are read when weights are.
 * @throws SKIPSTEP_LORA_UNFIT, and what `openLora`, `matchLora` and a component's `weights` throw
 */
export function applyLoras(
  family: Family,
  sources: ReadonlyMap<string, ComponentModel>,
  uses: readonly LoraConfig[] = [],
): AppliedLoras {
  if (uses.length === 0) return { sources, loras: [] };
  const place = placeOf(family, sources);
  const updates: Updates = new Map();
  const loras = uses.map((use) => {
    const lora = openLora(use);
    try {
      const match = matchLora(lora, place, updates);
      if (isUnfit(match, lora, place)) throw unfit(match, family, place);
      return match;
    } finally {
      lora.weights.close();
    }
  });
  const merged = [...sources].map(([name, source]) => [name, withUpdates(source, updates.get(name))] as const);
  return { sources: new Map(merged), loras };
}

function placeOf({ denoiser, className, title }: Family, sources: ReadonlyMap<string, ComponentModel>): LoraPlace {
  const targets = new Map<string, LoraTargets>();
  for (const [name, source] of sources)
    if (name === denoiser || name.startsWith("text_encoder")) targets.set(name, targetsOf(source));
  return { denoiser, family: modelFamily(className, title, sources.get(denoiser)!.config), sources, targets };
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

/** Nothing of it fits, or not all of one for another family: some have a text encoder or names of blocks in common. */
function isUnfit({ matched, family }: LoraMatch, { modules }: Lora, place: LoraPlace): boolean {
  if (Object.keys(matched).length === 0) return true;
  const count = modules.filter(({ model }) => model === "denoiser").length;
  return (matched[place.denoiser] ?? 0) < count && isOther(family, place.family);
}

/** Why nothing of a LoRA is for the model: another one is asked for only where it is known to be for another. */
function unfit({ file, family: made, unmatched }: LoraMatch, { className }: Family, place: LoraPlace): Error {
  const companion = unmatched.find((name) => companionOf(name) !== undefined);
  if (companion !== undefined) return loraKind(file, companion, companionOf(companion)!);
  if (isOther(made, place.family)) return loraOther(file, made!.title, place.family);
  const names = [...(place.targets.get(place.denoiser)?.values() ?? [])].flat().map(({ weight }) => weight);
  const modules = firstOf([...new Set(names)]);
  if (made !== undefined) return loraUnfit(file, place.family, firstOf(unmatched), modules);
  return loraUnknown(file, className, firstOf(unmatched), modules);
}

function withUpdates(source: ComponentModel, updates: ReadonlyMap<string, WeightUpdate[]> | undefined): ComponentModel {
  if (!updates) return source;
  const { component } = source;
  return { ...source, component: { ...component, weights: () => MergedWeights.open(component.weights(), updates) } };
}

function firstOf(names: readonly string[]): string[] {
  return names.length > 3 ? [...names.slice(0, 3), "..."] : [...names];
}

/** Lines for the report about tensors that were for nothing, and about what is doubtful. */
export function loraWarnings(loras: readonly LoraMatch[]): string[] {
  return loras.flatMap((lora) => [...lora.warnings, ...unmatchedWarnings(lora)]);
}

function unmatchedWarnings({ file, modules, matched, unmatched }: LoraMatch): string[] {
  const others = unmatched.filter((name) => companionOf(name) === undefined);
  const companions = new Set(unmatched.flatMap((name) => companionOf(name) ?? []));
  const warnings = [...companions].map((what) => {
    const names = unmatched.filter((name) => companionOf(name) === what);
    return `${file}: it brings ${what}, which is not used: ${list(firstOf(names))}.`;
  });
  const count = Object.values(matched).reduce((sum, part) => sum + part, 0);
  if (others.length > 0)
    warnings.push(
      `${file}: ${count} of its ${modules} modules are in the model; nothing is there for ${list(firstOf(others))}, and these are not used.`,
    );
  return warnings;
}
