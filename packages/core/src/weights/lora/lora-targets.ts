import type { TensorEntry } from "../checkpoint/weight-source";
import { shapesOf } from "../single-file/file-part";
import type { ModelFile } from "../single-file/model-file";
import type { Recipes, RowRange } from "../single-file/recipe";
import { applyRules } from "../single-file/rules";
import { flatName } from "./lora";
import { originalRecipes } from "./original-names";

/** What of a module is changed. */
export type Slot = "weight" | "bias";

/** A weight that a module of a LoRA changes, all of it or with some of the module's rows. */
export interface LoraTarget {
  /** `transformer_blocks.0.attn.to_q.weight` */
  readonly weight: string;
  readonly shape: readonly number[];
  /** Rows of the module's update, one range after the other, that the weight's rows take. */
  readonly parts: readonly RowRange[];
  /** Rows of the module's update, of which others may belong to other weights. */
  readonly rows: number;
  /** The module is called as the model's authors call it, not as the model does. */
  readonly isOriginal: boolean;
}

/** The weights of a model by the modules that LoRAs may name, as `targetKey` says them. */
export type LoraTargets = ReadonlyMap<string, readonly LoraTarget[]>;

/** Finds weights under the names that a model asks for, and under those that its authors gave. @param file how its class's tensors are named */
export function loraTargets(file: ModelFile | undefined, entries: readonly TensorEntry[]): LoraTargets {
  const shapes = shapesOf(entries);
  const targets = new Map<string, LoraTarget[]>();
  const put = (recipes: Recipes, isOriginal: boolean): void => {
    const rows = rowsOf(recipes);
    for (const [weight, { parts }] of recipes) {
      if (!shapes.has(weight)) continue;
      const [module, slot] = moduleOf(parts[0]!.tensor);
      const key = targetKey(module, slot);
      const known = targets.get(key) ?? [];
      // A module that is called alike by both is the model's own.
      if (known.some((target) => target.weight === weight || target.isOriginal !== isOriginal)) continue;
      targets.set(key, [
        ...known,
        { weight, shape: shapes.get(weight)!, parts, rows: rows.get(parts[0]!.tensor)!, isOriginal },
      ]);
    }
  };
  put(applyRules([], shapes), false);
  for (const recipes of originalRecipes(file, shapes)) put(recipes, true);
  return targets;
}

/** Rows of each stored tensor. */
function rowsOf(recipes: Recipes): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (const { tensor, from, count } of [...recipes.values()].flatMap(({ parts }) => parts))
    rows.set(tensor, Math.max(rows.get(tensor) ?? 0, from + count));
  return rows;
}

/** A module and what of it a tensor is; one that is neither weight nor bias is a module by itself. */
function moduleOf(tensor: string): readonly [module: string, slot: Slot] {
  const [, module, slot] = /^(.*)\.(weight|bias)$/.exec(tensor) ?? [];
  return module === undefined ? [tensor, "weight"] : [module, slot as Slot];
}

/** Text encoders' modules stand in a `text_model` or `model` for some, and for others not. */
export function targetKey(module: string, slot: Slot): string {
  return `${flatName(module).replace(/^(text_model|model)_/, "")}.${slot}`;
}
