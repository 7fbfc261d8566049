import type { ComponentModel } from "../architecture/component-model";
import { loraKind, loraOther, loraUnfit, loraUnknown } from "../errors/lora";
import { list } from "../errors/nearest";
import type { RecognisedModel } from "../loop/recognised-model";
import type { WeightUpdate } from "../weights/lora/add-update";
import type { Updates } from "../weights/lora/count-update";
import type { LoraPlace } from "../weights/lora/found-update";
import type { Lora, LoraConfig } from "../weights/lora/lora";
import { isOther } from "../weights/lora/lora-family";
import { companionOf } from "../weights/lora/lora-role";
import { type LoraTargets, loraTargets } from "../weights/lora/lora-targets";
import { type LoraMatch, matchLora } from "../weights/lora/match-lora";
import { MergedWeights } from "../weights/lora/merged-weights";
import { openLora } from "../weights/lora/read-lora";

export type { LoraMatch } from "../weights/lora/match-lora";

/** A model with LoRAs merged into its weights. */
export interface AppliedLoras {
  readonly model: RecognisedModel;
  readonly loras: readonly LoraMatch[];
}

/**
 * Merges LoRAs into the model that draws and into text encoders; their matrices are read when weights are.
 * @throws SKIPSTEP_LORA_UNFIT, and what `openLora`, `matchLora` and a component's `weights` throw
 */
export function applyLoras(model: RecognisedModel, uses: readonly LoraConfig[] = []): AppliedLoras {
  if (uses.length === 0) return { model, loras: [] };
  const { loras, updates } = matchLoras(model, placeOf(model), uses);
  const merged = [...model.components].map(([name, source]) => [name, withUpdates(source, updates.get(name))] as const);
  return { model: { ...model, components: new Map(merged) }, loras };
}

/**
 * Finds what LoRAs change in a model.
 * @throws SKIPSTEP_LORA_UNFIT, and what `openLora` and `matchLora` throw
 */
export function matchLoras(
  model: RecognisedModel,
  place: LoraPlace,
  uses: readonly LoraConfig[],
): { readonly loras: readonly LoraMatch[]; readonly updates: Updates } {
  const updates: Updates = new Map();
  const loras = uses.map((use) => {
    const lora = openLora(use);
    try {
      const match = matchLora(lora, place, updates);
      if (isUnfit(match, lora, place)) throw unfit(match, model, place);
      return match;
    } finally {
      lora.weights.close();
    }
  });
  return { loras, updates };
}

/** The weights of a model that LoRAs may change, and what these call them. */
export function placeOf({ family, components, configs }: RecognisedModel): LoraPlace {
  const { denoiser, className, title = className } = family;
  const targets = new Map<string, LoraTargets>();
  for (const [name, source] of components)
    if (name === denoiser || name.startsWith("text_encoder")) targets.set(name, targetsOf(source));
  return { denoiser, family: family.loraTitle?.(configs) ?? title, sources: components, targets };
}

function targetsOf({ component, model }: ComponentModel): LoraTargets {
  const weights = component.weights();
  try {
    return loraTargets(
      model.architecture.file,
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
function unfit({ file, family: made, unmatched }: LoraMatch, { family }: RecognisedModel, place: LoraPlace): Error {
  const companion = unmatched.find((name) => companionOf(name) !== undefined);
  if (companion !== undefined) return loraKind(file, companion, companionOf(companion)!);
  if (isOther(made, place.family)) return loraOther(file, made!.title, place.family);
  const names = [...(place.targets.get(place.denoiser)?.values() ?? [])].flat().map(({ weight }) => weight);
  const modules = firstOf([...new Set(names)]);
  if (made !== undefined) return loraUnfit(file, place.family, firstOf(unmatched), modules);
  return loraUnknown(file, family.className, firstOf(unmatched), modules);
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
