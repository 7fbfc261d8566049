/** JSON Schema of one option; `default` has the option's own type. */
export interface OptionSchema<Value> {
  readonly type: string | readonly string[];
  readonly default: Value;
  readonly description?: string;
  readonly enum?: readonly Value[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly items?: { readonly type: string };
}

/** JSON Schema of a scheduler's options: one entry for each, none is missing and none is made up. */
export type OptionSchemas<Options> = { readonly [Key in keyof Options]-?: OptionSchema<Options[Key]> };

/** JSON Schema of an options object. */
export interface OptionsSchema<Options = Readonly<Record<string, unknown>>> {
  readonly type: "object";
  readonly additionalProperties: false;
  readonly properties: OptionSchemas<Options>;
}

export function optionsSchema<Options>(properties: OptionSchemas<Options>): OptionsSchema<Options> {
  return { type: "object", additionalProperties: false, properties };
}

type Limits = Pick<OptionSchema<number>, "minimum" | "exclusiveMinimum" | "maximum" | "description">;

export function number(value: number, limits: Limits = {}): OptionSchema<number> {
  return { type: "number", default: value, ...limits };
}

export function integer(value: number, limits: Limits = {}): OptionSchema<number> {
  return { type: "integer", default: value, ...limits };
}

/** Steps of a training, which tables are made of. */
export function trainingSteps(value: number, description?: string): OptionSchema<number> {
  return integer(value, { minimum: 1, maximum: 100_000, ...(description === undefined ? {} : { description }) });
}

export function flag(value: boolean, description?: string): OptionSchema<boolean> {
  return { type: "boolean", default: value, ...(description === undefined ? {} : { description }) };
}

export function choice<Value extends string>(
  value: Value,
  values: readonly Value[],
  description?: string,
): OptionSchema<Value> {
  return { type: "string", default: value, enum: values, ...(description === undefined ? {} : { description }) };
}

/** A number that may be `null`, which is the default. */
export function optionalNumber(limits: Limits = {}): OptionSchema<number | null> {
  return { type: ["number", "null"], default: null, ...limits };
}
