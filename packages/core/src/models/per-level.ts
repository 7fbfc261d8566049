import type { ConfigOption } from "./architecture";

/** Options of a U-Net that are one value for all levels, or a list with one a level. */
export type PerLevel<Value> = Value | readonly Value[];

/** A whole number, at least `minimum`, or one a level. */
export function levelCounts(value: number, minimum = 1): ConfigOption<PerLevel<number>> {
  const type = ["integer", "array"];
  return { type, minimum, minItems: 1, items: { type: "integer", minimum }, default: value };
}

export function levelFlags(value: boolean): ConfigOption<PerLevel<boolean>> {
  return { type: ["boolean", "array"], minItems: 1, items: { type: "boolean" }, default: value };
}

/** One of a block's supported types a level. */
export function blockTypes<const Type extends string>(
  types: readonly Type[],
  given: readonly Type[],
): ConfigOption<readonly Type[]> {
  return { type: "array", minItems: 1, items: { enum: types }, default: given };
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
