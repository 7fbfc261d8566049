import { integer, list, type OptionSchema, optionalInteger } from "../schema/option";

/** Options that most config.json files have, in the words of `schema/option`. */

/**
 * The largest numbers that a config.json may have: far above every model there is, and small enough that lists and
 * tables of that length may be made before the weights are looked at.
 */
export const most = {
  /** Rows of a vocabulary, features of a layer. */
  count: 2 ** 20,
  /** Channels of a convolution, and what sinusoids are made of. */
  channels: 2 ** 16,
  /** Layers, blocks. */
  layers: 1000,
  /** Each halves the size. */
  levels: 16,
  /** Pixels, latent pixels or tokens along a side. */
  side: 2 ** 14,
  /** Pixels along one side of a patch or a filter. */
  patch: 256,
} as const;

/** A whole number, at least 1: features, heads, rows of a vocabulary. */
export function count(value: number, maximum: number = most.count): OptionSchema<number> {
  return integer(value, { minimum: 1, maximum });
}

/** Layers or blocks, at least `minimum`. */
export function layerCount(value: number, minimum = 1): OptionSchema<number> {
  return integer(value, { minimum, maximum: most.layers });
}

/** A whole number, at least 1, or null. */
export function optionalCount(value: number | null): OptionSchema<number | null> {
  return optionalInteger(value, { minimum: 1, maximum: most.count });
}

/** Channels a level. */
export function counts(value: readonly number[], maximum: number = most.channels): OptionSchema<readonly number[]> {
  return list(value, integer(undefined, { minimum: 1, maximum }), { minItems: 1, maxItems: most.levels });
}

/** The size of the images or latents that a model was made for: along a side, or height and width. */
export function sizeOption<Value extends number | readonly number[] | null>(value: Value): OptionSchema<Value> {
  const side = integer(undefined, { minimum: 1, maximum: most.side });
  const sides = list(undefined, side, { minItems: 1, maxItems: 2 });
  return { anyOf: [side, sides, ...(value === null ? [{ type: "null" }] : [])], default: value };
}

/** A list whose entries have one supported value. */
export function allOf<const Value extends string>(
  value: Value,
  given: readonly Value[],
): OptionSchema<readonly Value[]> {
  return list(given, { enum: [value] }, { maxItems: most.layers });
}
