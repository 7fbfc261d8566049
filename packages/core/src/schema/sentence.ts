import type { ErrorObject } from "ajv";
import { didYouMean, list } from "../errors/nearest";
import { shown } from "../errors/shown";
import type { JsonSchema } from "./json-schema";
import { suggestKey } from "./synonyms";

/** One of Ajv's errors as a sentence that follows the value's name: `must be >= 0, found -1.` */
export function sentence({ keyword, params, parentSchema, schema, data, message }: ErrorObject): string {
  const parent = (parentSchema ?? {}) as JsonSchema;
  const found = `, found ${shown(data)}.`;
  switch (keyword) {
    case "additionalProperties": {
      const known = Object.keys(parent.properties ?? {});
      const takes = known.filter((key) => key !== "$schema").join(", ") || "nothing";
      const near = suggestKey(
        params.additionalProperty,
        known,
        Object.keys(parent.properties?.generate?.properties ?? {}),
      );
      return `has no "${params.additionalProperty}". It takes: ${takes}.${near}`;
    }
    case "required": {
      const about = parent.properties?.[params.missingProperty]?.description;
      return `needs "${params.missingProperty}"${about === undefined ? "." : `: ${about}`}`;
    }
    case "type":
      return `must be ${describeType(parent)}${found}`;
    case "minimum":
    case "maximum":
      return `must be ${describeRange(parent) ?? `${params.comparison} ${params.limit}`}${found}`;
    case "exclusiveMinimum":
    case "exclusiveMaximum":
      return `must be ${params.comparison} ${params.limit}${found}`;
    case "multipleOf":
      return `must be a multiple of ${params.multipleOf}${found}`;
    case "enum":
      return `must be ${describeChoice(params.allowedValues)}${found}${nearestOf(params.allowedValues, data)}`;
    case "const":
      return `must be ${shown(params.allowedValue)}${found}`;
    case "contains": {
      const { const: wanted } = schema as { const?: unknown };
      return wanted === undefined ? `${message}${found}` : `must contain ${shown(wanted)}${found}`;
    }
    case "minLength":
    case "minItems":
    case "minProperties":
      return params.limit === 1 ? "must not be empty." : `must have at least ${counted(keyword, params.limit)}${found}`;
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return params.limit === 0
        ? `must be empty${found}`
        : `must have at most ${counted(keyword, params.limit)}${found}`;
    case "anyOf":
    case "oneOf":
      return `${describeBranches(parent[keyword]) ?? "has none of the forms that are allowed here"}${found}`;
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

/** Of a choice between schemas, what its branches are, where each has a type. */
function describeBranches(branches: unknown): string | undefined {
  const schemas = branches as readonly JsonSchema[];
  return schemas.every(({ type }) => type !== undefined)
    ? `must be ${[...new Set(schemas.map(describeType))].join(" or ")}`
    : undefined;
}

function describeChoice(values: readonly unknown[]): string {
  return `${values.length === 1 ? "" : "one of "}${list(values.map((value) => shown(value)))}`;
}

function nearestOf(values: readonly unknown[], data: unknown): string {
  const texts = values.filter((value) => typeof value === "string");
  return typeof data === "string" ? didYouMean(data, texts) : "";
}

function counted(keyword: string, count: number): string {
  const [one, more] = keyword.endsWith("Length") ? ["character", "characters"] : ["entry", "entries"];
  return `${count} ${count === 1 ? one : more}`;
}
