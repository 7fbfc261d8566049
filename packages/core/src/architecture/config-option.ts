import type { ConfigOption } from "./architecture";

/** Schemas of the options that most config.json files have; each takes the reference's default. */

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
export function count(value: number, maximum: number = most.count): ConfigOption<number> {
  return { type: "integer", minimum: 1, maximum, default: value };
}

/** Layers or blocks, at least `minimum`. */
export function layerCount(value: number, minimum = 1): ConfigOption<number> {
  return { type: "integer", minimum, maximum: most.layers, default: value };
}

/** A whole number, at least 1, or null. */
export function optionalCount(value: number | null): ConfigOption<number | null> {
  return { type: ["integer", "null"], minimum: 1, maximum: most.count, default: value };
}

/** Channels a level. */
export function counts(value: readonly number[], maximum: number = most.channels): ConfigOption<readonly number[]> {
  return {
    type: "array",
    minItems: 1,
    maxItems: most.levels,
    items: { type: "integer", minimum: 1, maximum },
    default: value,
  };
}

/** The size of the images or latents that a model was made for: along a side, or height and width. */
export function sizeOption<Value extends number | readonly number[] | null>(value: Value): ConfigOption<Value> {
  const side = { type: "integer", minimum: 1, maximum: most.side };
  const sides = { type: "array", items: side, minItems: 1, maxItems: 2 };
  return { anyOf: [side, sides, ...(value === null ? [{ type: "null" }] : [])], default: value };
}

export function real(value: number): ConfigOption<number> {
  return { type: "number", default: value };
}

/** A number or null. */
export function optionalReal(value: number | null): ConfigOption<number | null> {
  return { type: ["number", "null"], default: value };
}

export function flag(value: boolean): ConfigOption<boolean> {
  return { type: "boolean", default: value };
}

/** The supported values of an option that the reference gives more. The first is the default. */
export function supported<const Value extends string | boolean | null>(
  value: Value,
  ...others: readonly Value[]
): ConfigOption<Value> {
  return { enum: [value, ...others], default: value };
}

/** A list whose entries have one supported value. */
export function allOf<const Value extends string>(
  value: Value,
  given: readonly Value[],
): ConfigOption<readonly Value[]> {
  return { type: "array", maxItems: most.layers, items: { enum: [value] }, default: given };
}
