import { Ajv, type ValidateFunction } from "ajv";
import type { JsonSchema } from "./json-schema";

/** Checks by schema: one takes milliseconds to compile, and core's own schemas are asked at every generation. */
const known = {
  filling: new WeakMap<JsonSchema, ValidateFunction>(),
  plain: new WeakMap<JsonSchema, ValidateFunction>(),
};

/** What compiles schemas without an `$id`; made when it is needed, for its own schema alone takes most of the time. */
const shared: { filling?: Ajv; plain?: Ajv } = {};

/**
 * The check of a schema: the only place that makes Ajv's.
 * @param fill whether it puts the schema's defaults into what it checks
 * @throws what Ajv says of a schema that is wrong itself
 */
export function compiledCheck(schema: JsonSchema, fill: boolean): ValidateFunction {
  const kind = fill ? "filling" : "plain";
  const check = known[kind].get(schema) ?? compile(schema, kind);
  known[kind].set(schema, check);
  return check;
}

function compile(schema: JsonSchema, kind: keyof typeof shared): ValidateFunction {
  // an instance refuses two schemas with one $id, and remembers those within
  if (JSON.stringify(schema).includes('"$id"')) return newAjv(kind).compile(schema);
  shared[kind] ??= newAjv(kind);
  try {
    return shared[kind].compile(schema);
  } finally {
    shared[kind].removeSchema(schema); // the schema's own life ends with who wrote it
  }
}

function newAjv(kind: keyof typeof shared): Ajv {
  return new Ajv({
    allErrors: true,
    useDefaults: kind === "filling",
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    verbose: true,
    logger: false,
  });
}
