import { list, type OptionSchema } from "../schema/option";
import { most } from "./config-option";

/** Options of a U-Net that are one value for all levels, or a list with one a level. */
export type PerLevel<Value> = Value | readonly Value[];

/** A whole number, at least 1, or one a level. */
export function levelCounts(value: number, maximum: number = most.count): OptionSchema<PerLevel<number>> {
  const one = { minimum: 1, maximum };
  const lists = { minItems: 1, maxItems: most.levels, items: { type: "integer", ...one } };
  return { type: ["integer", "array"], ...one, ...lists, default: value };
}

export function levelFlags(value: boolean): OptionSchema<PerLevel<boolean>> {
  return { type: ["boolean", "array"], minItems: 1, maxItems: most.levels, items: { type: "boolean" }, default: value };
}

/** One of a block's supported types a level. */
export function blockTypes<const Type extends string>(
  types: readonly Type[],
  given: readonly Type[],
): OptionSchema<readonly Type[]> {
  return list(given, { enum: types }, { minItems: 1, maxItems: most.levels });
}

/** One entry a level, which may be a list itself. */
export function perLevel<Entry>(
  value: Exclude<Entry, readonly unknown[]> | readonly Entry[],
  levels: number,
): readonly Entry[] {
  return Array.isArray(value) ? value : new Array<Entry>(levels).fill(value as Entry);
}

/** What is wrong with lists that must have as many entries as `block_out_channels`. */
export function levelProblems<Config extends { readonly block_out_channels: readonly number[] }>(
  config: Config,
  options: readonly (keyof Config & string)[],
): string[] {
  const levels = config.block_out_channels.length;
  return options.flatMap((option) => {
    const value: unknown = config[option];
    return Array.isArray(value) && value.length !== levels
      ? [`"${option}" must have as many entries as "block_out_channels" (${levels}), found ${value.length}`]
      : [];
  });
}
