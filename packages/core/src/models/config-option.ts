import type { ConfigOption } from "./architecture";

/** Schemas of the options that most config.json files have; each takes the reference's default. */

/** A whole number, at least 1: channels, layers, heads. */
export function count(value: number): ConfigOption<number> {
  return { type: "integer", minimum: 1, default: value };
}

/** A whole number, at least 1, or null. */
export function optionalCount(value: number | null): ConfigOption<number | null> {
  return { type: ["integer", "null"], minimum: 1, default: value };
}

/** One whole number a level, at least 1 each. */
export function counts(value: readonly number[]): ConfigOption<readonly number[]> {
  return { type: "array", minItems: 1, items: { type: "integer", minimum: 1 }, default: value };
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
  return { type: "array", items: { enum: [value] }, default: given };
}
