import type { LoraModule } from "./lora";
import type { LoraSources } from "./lora-sources";
import { type LoraTarget, type LoraTargets, targetKey } from "./lora-targets";
import type { OpenLora } from "./read-lora";
import { componentsOf } from "./text-encoders";
import { type ModuleUpdate, updatesOf } from "./update-of";

/** A pipeline that LoRAs are for. */
export interface LoraPlace {
  readonly denoiser: string;
  /** `Stable Diffusion XL` */
  readonly family: string;
  readonly sources: LoraSources;
  readonly targets: ReadonlyMap<string, LoraTargets>;
}

/** A module's update, and the weights that it is for. */
export interface FoundUpdate {
  readonly module: LoraModule;
  readonly component: string;
  readonly update: ModuleUpdate;
  readonly targets: readonly LoraTarget[];
}

/** Looks all of a LoRA's updates up. @returns also the tensors of those that are for nothing, the first of each */
export function findUpdates(
  { file, modules, weights }: OpenLora,
  place: LoraPlace,
): { readonly found: FoundUpdate[]; readonly unmatched: string[] } {
  const found: FoundUpdate[] = [];
  const unmatched: string[] = [];
  for (const module of modules) {
    const own = updatesOf(file, weights, module);
    if (own.length === 0) unmatched.push(...Object.values(module.tensors)); // an alpha of nothing
    for (const update of own) {
      const targets = targetsOf(module, update, place);
      if (targets) found.push({ module, update, ...targets });
      else if (!isHarmless(module, place)) unmatched.push(Object.values(update.tensors)[0]!);
    }
  }
  return { found, unmatched };
}

function targetsOf(
  { model, module }: LoraModule,
  { slot }: ModuleUpdate,
  { denoiser, sources, targets }: LoraPlace,
): Pick<FoundUpdate, "component" | "targets"> | undefined {
  const found = componentsOf(model, denoiser, sources).flatMap((component) => {
    const own = targets.get(component)?.get(targetKey(module, slot));
    return own ? [{ component, targets: own }] : [];
  });
  return found.length === 1 ? found[0] : undefined; // of several encoders, none is meant more than another
}

/** Such as CLIP's last projection, which files have for encoders of which only the tokens are used. */
function isHarmless({ model, module }: LoraModule, { denoiser, sources }: LoraPlace): boolean {
  const [component] = componentsOf(model, denoiser, sources);
  const file = component === undefined ? undefined : sources.get(component)!.model.architecture.file;
  return file?.unneededModules?.includes(module) ?? false;
}
