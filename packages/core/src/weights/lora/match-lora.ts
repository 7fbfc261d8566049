import { checkUpdate } from "./check-update";
import type { Claim } from "./claimed-rows";
import { countUpdate, rankOfName, type Told, type Updates } from "./count-update";
import { type FoundUpdate, findUpdates, type LoraPlace } from "./found-update";
import { isOther, type LoraFamily, loraFamily } from "./lora-family";
import type { OpenLora } from "./read-lora";

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

/**
 * Finds the weights that a LoRA changes, and adds to `updates` how.
 * @throws SKIPSTEP_LORA_SHAPE, SKIPSTEP_LORA_UNFIT, SKIPSTEP_LORA_INVALID, SKIPSTEP_LORA_KIND
 */
export function matchLora(lora: OpenLora, place: LoraPlace, updates: Updates): LoraMatch {
  const { file, scale, modules, unknown, settings } = lora;
  const family = familyOf(lora);
  const { found, unmatched } = findUpdates(lora, place);
  for (const each of found) checkUpdate(lora, family, place, each);
  const told: Told = { warnings: [...settings.warnings], conclusions: [] };
  found.sort((a, b) => rankOfName(a) - rankOfName(b));
  const claims = new Map<string, Claim[]>();
  const counted = found.filter((each) => countUpdate(each, lora, updates, claims, told));
  const matched: Record<string, number> = {};
  for (const name of new Set(found.map(({ component }) => component)))
    matched[name] = new Set(found.filter(({ component }) => component === name).map(({ module }) => module)).size;
  if (isOther(family, place.family) && family!.isSaid)
    told.warnings.push(`${file}: by its header it is for ${family!.title}; this model is ${place.family}.`);
  told.warnings.push(...inconsistent(lora, counted));
  return { file, scale, family, modules: modules.length, matched, unmatched: [...unmatched, ...unknown], ...told };
}

/** Trainers write an alpha, or a length of DoRA, for all modules or for none. @param found without second names */
function inconsistent({ file, settings }: OpenLora, found: readonly FoundUpdate[]): string[] {
  const matrices = found.filter(({ update }) => update.scaled && update.slot === "weight");
  const ranked = matrices.filter(
    ({ module, update: { rank } }) =>
      rank !== undefined && settings.factor(module.model, module.module, rank) === undefined,
  );
  const [hasAlpha, hasLength] = [
    ({ module }: FoundUpdate) => module.tensors.alpha !== undefined,
    ({ update }: FoundUpdate) => update.magnitude !== undefined,
  ];
  return [
    ...lacking(file, ranked, hasAlpha, "an alpha", "the rank was taken for it"),
    ...lacking(file, matrices, hasLength, "lengths of DoRA", "they were added as plain LoRAs"),
  ];
}

function lacking(
  file: string,
  updates: readonly FoundUpdate[],
  has: (update: FoundUpdate) => boolean,
  what: string,
  result: string,
): string[] {
  const without = updates.filter((update) => !has(update));
  if (without.length === 0 || without.length === updates.length) return [];
  const names = without.slice(0, 3).map(({ update }) => `"${Object.values(update.tensors)[0]}"`);
  const others = without.length > 3 ? " and others" : "";
  return [
    `${file}: ${updates.length - without.length} of its modules have ${what}, and ${without.length} have none: of ${names.join(", ")}${others}, ${result}.`,
  ];
}

function familyOf(lora: OpenLora): LoraFamily | undefined {
  const { weights, metadata } = lora;
  return loraFamily({
    lora,
    metadata,
    sizeOf: ({ tensors: { down, up } }) =>
      down === undefined || up === undefined
        ? undefined
        : [weights.entry(up).shape[0] ?? 1, weights.entry(down).shape[1] ?? 1],
  });
}
