import { loraInvalid, loraKind } from "../../errors/lora";
import type { UpdatePart, WeightUpdate } from "./add-update";
import { type Claim, saySame, unclaimed } from "./claimed-rows";
import type { FoundUpdate } from "./found-update";
import type { LoraTarget } from "./lora-targets";
import type { OpenLora } from "./read-lora";
import { alphaOf, magnitudeOf } from "./update-of";

/** Updates by component and weight. */
export type Updates = Map<string, Map<string, WeightUpdate[]>>;

/** What was found out while a LoRA's updates were counted. */
export interface Told {
  readonly warnings: string[];
  readonly conclusions: string[];
}

/** A module's names in the order in which they count: the model's own, with dots, after its component. So diffusers has it. */
export function rankOfName({ module: { module }, update, targets }: FoundUpdate): number {
  const isPlaced = /^(base_model|transformer|unet|text_encoder)/.test(Object.values(update.tensors)[0]!);
  return (targets[0]!.isOriginal ? 4 : 0) + (module.includes(".") ? 0 : 2) + (isPlaced ? 0 : 1);
}

/**
 * Adds a module's update to those of its weights, as far as no other name of the file has it already.
 * @param claims of the file so far, by component and weight
 * @returns whether any of it counts
 * @throws SKIPSTEP_LORA_INVALID, SKIPSTEP_LORA_KIND
 */
export function countUpdate(
  found: FoundUpdate,
  lora: OpenLora,
  updates: Updates,
  claims: Map<string, Claim[]>,
  told: Told,
): boolean {
  const { file, scale, weights } = lora;
  const { component, update, targets } = found;
  const { kind, tensors } = update;
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
  let counts = false;
  for (const { weight, shape, parts } of targets) {
    const all = partsOf(parts);
    const key = `${component} ${weight}`;
    const earlier = claims.get(key) ?? [];
    const own: WeightUpdate = { file, kind, tensors, factor, ...(magnitude ? { magnitude } : {}), parts: all };
    const { parts: left, taken } = unclaimed(all, earlier);
    for (const { update: other, name: otherName } of taken) {
      if (saySame(other, own, shape, weights)) twice.add(otherName);
      else told.warnings.push(different(file, otherName, name, weight));
    }
    if (left.length === 0) continue;
    counts = true;
    const counted = { ...own, parts: left };
    claims.set(key, [...earlier, { update: counted, name }]);
    const ofComponent = updates.get(component) ?? new Map<string, WeightUpdate[]>();
    ofComponent.set(weight, [...(ofComponent.get(weight) ?? []), counted]);
    updates.set(component, ofComponent);
  }
  for (const other of twice)
    told.conclusions.push(`${file}: "${other}" and "${name}" are one update under two names, and count once.`);
  return counts;
}

/** Rows of a weight, one range after the other. */
function partsOf(ranges: LoraTarget["parts"]): UpdatePart[] {
  let at = 0;
  return ranges.map(({ from, count }) => {
    const part = { at, from, count };
    at += count;
    return part;
  });
}

function different(file: string, one: string, other: string, weight: string): string {
  return `${file}: "${one}" and "${other}" are both for ${weight}, and say different things; the first counts.`;
}

/** `alpha / rank`: PEFT's settings, else the file's alpha, else 1. */
function factorOf(
  { module, update: { kind, rank }, targets }: FoundUpdate,
  { file, weights, settings }: OpenLora,
): number {
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
