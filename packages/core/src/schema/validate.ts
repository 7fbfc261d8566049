import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { didYouMean } from "../errors/nearest";
import { shown } from "../errors/shown";
import { type Finding, invalid } from "./finding";
import { fromPointer, isDeeper, type JsonPath } from "./json";
import type { JsonSchema } from "./json-schema";
import { usualLimits } from "./parse-json";
import { suggestKey } from "./synonyms";

/**
 * Everything in which a value breaks a schema, told in sentences.
 *
 * @param path where the value stands in the config
 * @param fill whether to put the schema's defaults into `value`
 * @throws what Ajv says of a schema that is wrong itself
 */
export function validate(schema: JsonSchema, value: unknown, path: JsonPath, fill: boolean): Finding[] {
  if (isDeeper(value, usualLimits.depth)) return [invalid(path, `is nested more than ${usualLimits.depth} deep.`)];
  if (countValues(value) > mostValues) return [invalid(path, `holds more than ${mostValues} values.`)];
  const check = compiled(schema, fill);
  if (check(value)) return [];
  const errors = (check.errors ?? []).slice(0, mostErrors);
  const findings = errors.filter((error) => !isInsideChoice(error, errors)).map((error) => findingFor(error, path));
  return findings.filter(
    ({ text }, i) => findings.findIndex((other) => other.text === text && sameAt(other, findings[i]!)) === i,
  );
}

/** A config, or options, that hold more are none; every one of them may be an error. */
const mostValues = 100_000;
/** Of these each is compared with each. */
const mostErrors = 200;

function countValues(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const inner = Object.values(value);
  return inner.length > mostValues ? inner.length : inner.reduce<number>((sum, part) => sum + countValues(part), 1);
}

/** A schema's check takes about 20 ms to compile, and core's own schemas are asked at every generation. */
const known = {
  filling: new WeakMap<JsonSchema, ValidateFunction>(),
  plain: new WeakMap<JsonSchema, ValidateFunction>(),
};

function compiled(schema: JsonSchema, fill: boolean): ValidateFunction {
  const checks = fill ? known.filling : known.plain;
  const check = checks.get(schema) ?? newCheck(schema, fill);
  checks.set(schema, check);
  return check;
}

function newCheck(schema: JsonSchema, fill: boolean): ValidateFunction {
  // one instance a schema: an instance refuses two schemas with the same $id
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: fill,
    strict: true,
    strictRequired: false,
    allowUnionTypes: true,
    verbose: true,
    logger: false,
  });
  return ajv.compile(schema);
}

/** Ajv tells of every branch of an anyOf; the anyOf's own error says enough. */
function isInsideChoice({ schemaPath }: ErrorObject, errors: readonly ErrorObject[]): boolean {
  return errors.some(
    (outer) => /^(anyOf|oneOf|if|not)$/.test(outer.keyword) && schemaPath.startsWith(`${outer.schemaPath}/`),
  );
}

function sameAt(a: Finding, b: Finding): boolean {
  return a.path.join("/") === b.path.join("/") && a.at?.join("/") === b.at?.join("/");
}

function findingFor(error: ErrorObject, base: JsonPath): Finding {
  const path = [...base, ...fromPointer(error.instancePath)];
  const { additionalProperty } = error.params;
  return typeof additionalProperty === "string"
    ? invalid(path, sentence(error), [...path, additionalProperty])
    : invalid(path, sentence(error));
}

function sentence({ keyword, params, parentSchema = {}, data, message }: ErrorObject): string {
  const schema = parentSchema as JsonSchema;
  const found = `, found ${shown(data)}.`;
  switch (keyword) {
    case "additionalProperties": {
      const known = Object.keys(schema.properties ?? {});
      const takes = known.filter((key) => key !== "$schema").join(", ") || "nothing";
      return `has no "${params.additionalProperty}". It takes: ${takes}.${suggestKey(params.additionalProperty, known, Object.keys(schema.properties?.generate?.properties ?? {}))}`;
    }
    case "required": {
      const about = schema.properties?.[params.missingProperty]?.description;
      return `needs "${params.missingProperty}"${about === undefined ? "." : `: ${about}`}`;
    }
    case "type":
      return `must be ${describeType(schema)}${found}`;
    case "minimum":
    case "maximum":
      return `must be ${describeRange(schema) ?? `${params.comparison} ${params.limit}`}${found}`;
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `must be ${params.comparison} ${params.limit}${found}`;
    case "enum": {
      const allowed = (params.allowedValues as unknown[]).map((value) => shown(value));
      const near =
        typeof data === "string"
          ? didYouMean(
              data,
              (params.allowedValues as unknown[]).filter((value) => typeof value === "string"),
            )
          : "";
      return `must be one of ${allowed.join(", ")}${found}${near}`;
    }
    case "minLength":
    case "minItems":
      return params.limit === 1 ? "must not be empty." : `${message}${found}`;
    case "anyOf":
    case "oneOf":
      return `has none of the forms that are allowed here${found}`;
    default:
      return `${message}${found}`;
  }
}

function describeType(schema: JsonSchema): string {
  const types = [...new Set([schema.type ?? []].flat()), ...(schema.nullable === true ? ["null"] : [])];
  const range = describeRange(schema);
  return types.length === 1 && range !== undefined
    ? range
    : [...new Set(types)].map((type) => typeNames[type] ?? type).join(" or ");
}

/** For numbers with two limits, all there is to know: `an integer from 0 to 9`. */
function describeRange({ type, minimum, maximum }: JsonSchema): string | undefined {
  if (minimum === undefined || maximum === undefined || typeof type !== "string") return undefined;
  const limit = maximum === Number.MAX_SAFE_INTEGER ? `2^53 - 1 (${maximum})` : `${maximum}`;
  return `${typeNames[type]} from ${minimum} to ${limit}`;
}

const typeNames: Readonly<Record<string, string>> = {
  integer: "an integer",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};
