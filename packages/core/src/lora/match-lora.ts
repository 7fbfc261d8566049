import { loraInvalid, loraKind, loraOther } from "../errors/lora";
import type { ComponentModel } from "../pipelines/component-model";
import type { WeightUpdate } from "./add-update";
import { type Claim, saySame, unclaimed } from "./claimed-rows";
import type { LoraModule } from "./lora";
import { isOther, type LoraFamily, loraFamily } from "./lora-family";
import { type LoraTarget, type LoraTargets, type Slot, targetKey } from "./lora-targets";
import type { OpenLora } from "./read-lora";
import { componentsOf } from "./text-encoders";
import { checkShapes } from "./update-kind";
import { alphaOf, type ModuleUpdate, magnitudeOf, updatesOf } from "./update-of";

/** Updates by component and weight. */
export type Updates = Map<string, Map<string, WeightUpdate[]>>;

/** What a LoRA changes in a pipeline. */
export interface LoraMatch {
  /** Path of its file. */
  readonly file: string;
  readonly scale: number;
  /** The family that it is for, as far as that is known. */
  readonly family?: LoraFamily | undefined;
  /** Modules that it has, and how many of them by the components that they are in. */
  readonly modules: number;
  readonly matched: Readonly<Record<string, number>>;
  /** Its tensors that are for no module here; of a module's, the first matrix. */
  readonly unmatched: readonly string[];
  /** What else was found in it that its user should know, and what was concluded. */
  readonly warnings: readonly string[];
  readonly conclusions: readonly string[];
}

/** A pipeline that LoRAs are for. */
export interface LoraPlace {
  readonly denoiser: string;
  /** `Stable Diffusion XL` */
  readonly family: string;
  readonly sources: ReadonlyMap<string, ComponentModel>;
  readonly targets: ReadonlyMap<string, LoraTargets>;
}

interface Found {
  readonly module: LoraModule;
  readonly component: string;
  readonly update: ModuleUpdate;
  readonly targets: readonly LoraTarget[];
}

/**
 * Finds the weights that a LoRA changes, and adds to `updates` how.
 * @throws SKIPSTEP_LORA_SHAPE, SKIPSTEP_LORA_UNFIT, SKIPSTEP_LORA_INVALID, SKIPSTEP_LORA_KIND
 */
export function matchLora(lora: OpenLora, place: LoraPlace, updates: Updates): LoraMatch {
  const { file, scale, modules, unknown, weights, settings } = lora;
  const family = familyOf(lora);
  const found: Found[] = [];
  const unmatched: string[] = [];
  for (const module of modules) {
    const own = updatesOf(file, weights, module);
    if (own.length === 0) unmatched.push(...Object.values(module.tensors)); // an alpha of nothing
    for (const update of own) {
      const place_ = targetsOf(module, update.slot, place);
      if (place_) found.push({ module, update, ...place_ });
      else if (!isHarmless(module, place)) unmatched.push(Object.values(update.tensors)[0]!);
    }
  }
  for (const each of found) checkUpdate(lora, family, place, each);
  const told: Told = { warnings: [...settings.warnings], conclusions: [] };
  found.sort((a, b) => rankOfName(a) - rankOfName(b));
  const claims = new Map<string, Claim[]>();
  for (const each of found) claim(each, lora, updates, claims, told);
  const matched: Record<string, number> = {};
  for (const name of new Set(found.map(({ component }) => component)))
    matched[name] = new Set(found.filter(({ component }) => component === name).map(({ module }) => module)).size;
  if (isOther(family, place.family) && (family!.isSaid || unmatched.length > 0))
    told.warnings.push(
      `${file}: by its ${family!.isSaid ? "header" : "names"} it is for ${family!.title}; this model is ${place.family}.`,
    );
  return { file, scale, family, modules: modules.length, matched, unmatched: [...unmatched, ...unknown], ...told };
}

interface Told {
  readonly warnings: string[];
  readonly conclusions: string[];
}

function familyOf(lora: OpenLora): LoraFamily | undefined {
  const { weights, metadata } = lora;
  return loraFamily({
    lora,
    metadata,
    sizeOf: (name) => {
      const tensors = lora.modules.find(({ module }) => module === name)?.tensors;
      if (tensors?.down === undefined || tensors.up === undefined) return undefined;
      return [weights.entry(tensors.up).shape[0] ?? 1, weights.entry(tensors.down).shape[1] ?? 1];
    },
  });
}

function targetsOf(
  { model, module }: LoraModule,
  slot: Slot,
  { denoiser, sources, targets }: LoraPlace,
): Pick<Found, "component" | "targets"> | undefined {
  const found = componentsOf(model, denoiser, sources).flatMap((component) => {
    const own = targets.get(component)?.get(targetKey(module, slot));
    return own ? [{ component, targets: own }] : [];
  });
  return found.length === 1 ? found[0] : undefined; // of several encoders, none is meant more than another
}

/** CLIP's last projection, which files have for encoders of which only the tokens are used. */
function isHarmless({ model, module }: LoraModule, { denoiser, sources }: LoraPlace): boolean {
  if (model === "denoiser" || !/^text_projection$/.test(module)) return false;
  const [component] = componentsOf(model, denoiser, sources);
  return component !== undefined && sources.get(component)!.component.className === "CLIPTextModel";
}

function checkUpdate(
  { file, weights, settings, unknown }: OpenLora,
  family: LoraFamily | undefined,
  place: LoraPlace,
  { module, update: { kind, tensors, magnitude }, targets }: Found,
): void {
  if (kind === "LoRA" && magnitude === undefined && settings.isDora(module.model))
    throw loraInvalid(file, `has use_dora, and no lora_magnitude_vector for "${module.module}"`);
  for (const tensor of Object.values(tensors)) checkStored(file, weights, tensor, unknown);
  const [{ weight, shape, rows }] = targets as [LoraTarget, ...LoraTarget[]];
  const update = { file, tensors, shapeOf: (tensor: string) => weights.entry(tensor).shape };
  const inputs = tensors.down === undefined ? 0 : (weights.entry(tensors.down).shape[1] ?? 1);
  if (weight === "x_embedder.weight" && inputs > (shape[1] ?? 1))
    throw loraKind(file, tensors.down!, "a control LoRA, whose model takes an image beside the latents");
  try {
    checkShapes(kind, update, [rows, ...shape.slice(1)], weight);
  } catch (error) {
    if (isOther(family, place.family)) throw loraOther(file, family!.title, place.family);
    throw error;
  }
}

/** Numbers of few bits mean something with a scale beside them alone. */
function checkStored(file: string, weights: OpenLora["weights"], tensor: string, unknown: readonly string[]): void {
  const { dtype } = weights.entry(tensor);
  if (!/int|bool|float8/.test(dtype)) return;
  const stem = tensor.replace(/[._](lora|hada_|lokr_|diff|set_weight).*$/, "");
  const beside = unknown.find((name) => name.startsWith(`${stem}.`) || name.startsWith(`${stem}_`));
  if (beside !== undefined)
    throw loraInvalid(file, `has "${tensor}" as ${dtype} and "${beside}", which is not understood`);
  if (!dtype.startsWith("float8")) throw loraInvalid(file, `has "${tensor}" as ${dtype}, and no scale for it`);
}

/** A module's names in the order in which they count: the model's own, with dots, after its component. So diffusers has it. */
function rankOfName({ module: { module }, update, targets }: Found): number {
  const isPlaced = /^(base_model|transformer|unet|text_encoder)/.test(Object.values(update.tensors)[0]!);
  return (targets[0]!.isOriginal ? 4 : 0) + (module.includes(".") ? 0 : 2) + (isPlaced ? 0 : 1);
}

/** Adds a module's update to those of its weights, as far as no other name of the file has it already. */
function claim(found: Found, lora: OpenLora, updates: Updates, claims: Map<string, Claim[]>, told: Told): void {
  const { file, scale, weights } = lora;
  const { component, update, targets } = found;
  const { slot, kind, tensors } = update;
  const name = Object.values(tensors)[0]!;
  const factor = scale * (update.scaled ? factorOf(found, lora) : 1);
  const [first] = targets as [LoraTarget, ...LoraTarget[]];
  const isPeft = found.module.tensors.lora_magnitude_vector !== undefined;
  const magnitude =
    update.magnitude === undefined
      ? undefined
      : magnitudeOf(file, weights, update.magnitude, [first.rows, first.shape[1] ?? 1], isPeft);
  if (magnitude?.over === "columns" && targets.length > 1)
    throw loraKind(file, magnitude.tensor, "a DoRA over the columns of several weights at once");
  const twice = new Set<string>();
  for (const { weight, shape, parts } of targets) {
    let at = 0;
    const all = parts.map(({ from, count }) => {
      const part = { at, from, count };
      at += count;
      return part;
    });
    const key = `${component} ${slot} ${weight}`;
    const earlier = claims.get(key) ?? [];
    const own: WeightUpdate = { file, kind, tensors, factor, ...(magnitude ? { magnitude } : {}), parts: all };
    const { parts: left, taken } = unclaimed(all, earlier);
    for (const { update: other, name: otherName } of taken) {
      if (saySame(other, own, shape, weights)) twice.add(otherName);
      else told.warnings.push(different(file, otherName, name, weight));
    }
    if (left.length === 0) continue;
    const counted = { ...own, parts: left };
    claims.set(key, [...earlier, { update: counted, name }]);
    const ofComponent = updates.get(component) ?? new Map<string, WeightUpdate[]>();
    ofComponent.set(weight, [...(ofComponent.get(weight) ?? []), counted]);
    updates.set(component, ofComponent);
  }
  for (const other of twice)
    told.conclusions.push(`${file}: "${other}" and "${name}" are one update under two names, and count once.`);
}

function different(file: string, one: string, other: string, weight: string): string {
  return `${file}: "${one}" and "${other}" are both for ${weight}, and say different things; the first counts.`;
}

/** `alpha / rank`: PEFT's settings, else the file's alpha, else 1. */
function factorOf({ module, update: { kind, rank }, targets }: Found, { file, weights, settings }: OpenLora): number {
  const isFlat = !module.module.includes(".");
  const name = isFlat ? targets[0]!.weight.replace(/\.(weight|bias)$/, "") : module.module;
  const said = settings.factor(module.model, name, rank);
  if (said !== undefined && Number.isFinite(said)) {
    const alpha = rank === undefined ? undefined : alphaOf(file, weights, module);
    if (alpha !== undefined && alpha / rank! !== said)
      throw loraInvalid(
        file,
        `has an alpha of ${alpha} for "${module.module}", and other settings that say ${said * rank!}`,
      );
    return said;
  }
  if (rank === undefined) return 1; // whole matrices, whose alpha has no meaning
  const factor = (alphaOf(file, weights, module) ?? rank) / rank;
  if (rank > 0 && Number.isFinite(factor)) return factor;
  throw loraInvalid(file, `has a ${kind} of rank ${rank} for "${module.module}"`);
}
