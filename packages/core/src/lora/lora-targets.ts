import type { TensorEntry } from "../checkpoint/weight-source";
import { shapesOf } from "../single-file/file-part";
import type { RowRange } from "../single-file/recipe";
import { applyRules } from "../single-file/rules";
import { flatName } from "./lora";
import { originalRecipes } from "./original-names";

/** A weight that a module of a LoRA changes, all of it or with some of the module's rows. */
export interface LoraTarget {
  /** `transformer_blocks.0.attn.to_q.weight` */
  readonly weight: string;
  readonly shape: readonly number[];
  /** Rows of the module's update, one range after the other, that the weight's rows take. */
  readonly parts: readonly RowRange[];
}

/** The weights of a model by the modules that LoRAs may name, with `flatName`. */
export type LoraTargets = ReadonlyMap<string, readonly LoraTarget[]>;

/** Finds weights under the names that a model asks for, and under those that its authors gave. */
export function loraTargets(className: string, entries: readonly TensorEntry[]): LoraTargets {
  const weights = entries.filter(({ name, shape }) => name.endsWith(".weight") && shape.length >= 2);
  const shapes = shapesOf(weights);
  const targets = new Map<string, LoraTarget[]>();
  for (const recipes of [applyRules([], shapes), originalRecipes(className, shapes)])
    for (const [weight, { parts }] of recipes) {
      const module = targetName(parts[0]!.tensor.replace(/\.weight$/, ""));
      const known = targets.get(module) ?? [];
      if (known.some((target) => target.weight === weight)) continue;
      targets.set(module, [...known, { weight, shape: shapes.get(weight)!, parts }]);
    }
  return targets;
}

/** CLIP's modules stand in a `text_model` for some, and for others not. */
export function targetName(module: string): string {
  return flatName(module).replace(/^text_model_/, "");
}
