import type { JsonSchema } from "./json-schema";

/** A schema made of another: the same object each time, so that its check is compiled once. */
export function derivedSchema<Source extends object>(
  derive: (schema: Source) => JsonSchema,
): (schema: Source) => JsonSchema {
  const known = new WeakMap<Source, JsonSchema>();
  return (schema) => {
    const derived = known.get(schema) ?? derive(schema);
    known.set(schema, derived);
    return derived;
  };
}

/** Options of a plugin, which are refused where they are not listed unless the schema says otherwise. */
export const closedSchema = derivedSchema((options: object) => ({ additionalProperties: false, ...options }));
