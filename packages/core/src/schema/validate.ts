import type { ErrorObject } from "ajv";
import { compiledCheck } from "./compiled-check";
import { type Finding, invalid } from "./finding";
import { fromPointer, isDeeper, type JsonPath } from "./json";
import type { JsonSchema } from "./json-schema";
import { usualLimits } from "./parse-json";
import { sentence } from "./sentence";

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
  const check = compiledCheck(schema, fill);
  if (check(value)) return [];
  const errors = (check.errors ?? []).slice(0, mostErrors);
  const findings = errors.filter((error) => isTold(error, errors)).map((error) => findingFor(error, path));
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

/**
 * Of a value that fits no branch of a choice, Ajv tells everything. The choice's own error says enough, unless the
 * value is of one branch's type alone: then what is wrong with it there is told.
 */
function isTold(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (isChoice(error)) return branchMeant(error, errors) === undefined;
  if (error.keyword === "type" && errors.some((other) => isEnumOf(other, error))) return false;
  return errors.every((outer) => {
    if (!isInside(error, outer)) return true;
    const meant = isChoice(outer) ? branchMeant(outer, errors) : undefined;
    return meant !== undefined && branchOf(error, outer) === meant;
  });
}

/** Whether it names the values that may stand where another says the type. */
function isEnumOf(other: ErrorObject, { instancePath, parentSchema }: ErrorObject): boolean {
  return other.keyword === "enum" && other.instancePath === instancePath && other.parentSchema === parentSchema;
}

function isChoice({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

function isInside({ schemaPath }: ErrorObject, outer: ErrorObject): boolean {
  return /^(anyOf|oneOf|if|not)$/.test(outer.keyword) && schemaPath.startsWith(`${outer.schemaPath}/`);
}

/** `"1"` for what broke the second branch. */
function branchOf({ schemaPath }: ErrorObject, choice: ErrorObject): string {
  return schemaPath.slice(choice.schemaPath.length + 1).split("/")[0]!;
}

function branchMeant(choice: ErrorObject, errors: readonly ErrorObject[]): string | undefined {
  const inside = errors.filter((error) => isInside(error, choice));
  const ofOtherType = new Set(
    inside
      .filter(({ keyword, instancePath }) => keyword === "type" && instancePath === choice.instancePath)
      .map((error) => branchOf(error, choice)),
  );
  const left = [...new Set(inside.map((error) => branchOf(error, choice)))].filter(
    (branch) => !ofOtherType.has(branch),
  );
  return left.length === 1 ? left[0] : undefined;
}

function sameAt(a: Finding, b: Finding): boolean {
  return a.path.join("/") === b.path.join("/") && a.at?.join("/") === b.at?.join("/");
}

function findingFor(error: ErrorObject, base: JsonPath): Finding {
  const path = [...base, ...fromPointer(error.instancePath)];
  const { additionalProperty } = error.params;
  const text = sentence(error);
  return typeof additionalProperty === "string"
    ? invalid(path, text, [...path, additionalProperty])
    : invalid(path, text);
}
