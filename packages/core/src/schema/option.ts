import type { JsonSchema } from "./json-schema";

/**
 * The words in which options are told: of schedulers, of config.json files, of the config itself. Each takes the
 * default first; `undefined` where what is left out is for somebody else to say.
 */

/** JSON Schema of one option; `default` has the option's own type. */
export interface OptionSchema<Value> extends JsonSchema {
  readonly default: Value;
}

/** One entry for each option: none is missing and none is made up. */
export type OptionSchemas<Options> = { readonly [Key in keyof Options]-?: OptionSchema<Options[Key]> };

/** JSON Schema of an options object. */
export interface OptionsSchema<Options = Readonly<Record<string, unknown>>> {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly properties: OptionSchemas<Options>;
}

/** What options of these schemas come to. */
export type OptionsOf<Schemas> = {
  [Key in keyof Schemas]: Schemas[Key] extends OptionSchema<infer Value> ? Value : never;
};

/** A default says of which type the option is, not that it is the only value. */
type Wide<Value> = Value extends number ? number : Value extends boolean ? boolean : Value;

export interface NumberLimits {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly description?: string;
}

export interface ListLimits {
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
}

/** Refuses what it does not list. */
export function optionsSchema<Options>(properties: OptionSchemas<Options>): OptionsSchema<Options> {
  return { type: "object", additionalProperties: false, properties };
}

/** A number. */
export function number<Value extends number | undefined>(
  value: Value,
  limits: NumberLimits = {},
): OptionSchema<Wide<Value>> {
  return withDefault(value as Wide<Value>, { type: "number", ...limits });
}

/** A number or null. */
export function optionalNumber(value: number | null, limits: NumberLimits = {}): OptionSchema<number | null> {
  return withDefault(value, { type: ["number", "null"], ...limits });
}

/** An integer. */
export function integer<Value extends number | undefined>(
  value: Value,
  limits: NumberLimits = {},
): OptionSchema<Wide<Value>> {
  return withDefault(value as Wide<Value>, { type: "integer", ...limits });
}

/** An integer or null. */
export function optionalInteger(value: number | null, limits: NumberLimits = {}): OptionSchema<number | null> {
  return withDefault(value, { type: ["integer", "null"], ...limits });
}

/** True or false. */
export function flag<Value extends boolean | undefined>(value: Value, description?: string): OptionSchema<Wide<Value>> {
  return withDefault(value as Wide<Value>, { type: "boolean", ...told(description) });
}

/** A string that is not empty. */
export function text<Value extends string | undefined>(value: Value, description?: string): OptionSchema<Value> {
  return withDefault(value, { type: "string", minLength: 1, ...told(description) });
}

/** One of some strings. */
export function choice<Value extends string>(
  value: Value | undefined,
  values: readonly Value[],
  description?: string,
): OptionSchema<Value> {
  return withDefault(value, { type: "string", enum: values, ...told(description) }) as OptionSchema<Value>;
}

/** One of some values of any types. */
export function supported<const Value extends string | number | boolean | null>(
  value: Value,
  ...others: readonly Value[]
): OptionSchema<Value> {
  return withDefault(value, { enum: [value, ...others] });
}

/** A list, each entry as `items` says. */
export function list<Value extends readonly unknown[] | undefined>(
  value: Value,
  items: JsonSchema,
  limits: ListLimits = {},
): OptionSchema<Value> {
  return withDefault(value, { type: "array", ...limits, items });
}

/** Options without some of them. */
export function without<Schemas extends object, Key extends keyof Schemas>(
  schemas: Schemas,
  ...keys: readonly Key[]
): Omit<Schemas, Key> {
  return Object.fromEntries(Object.entries(schemas).filter(([key]) => !keys.includes(key as Key))) as Omit<
    Schemas,
    Key
  >;
}

function withDefault<Value>(value: Value, schema: JsonSchema): OptionSchema<Value> {
  return (value === undefined ? schema : { ...schema, default: value }) as OptionSchema<Value>;
}

function told(description: string | undefined): JsonSchema {
  return description === undefined ? {} : { description };
}
