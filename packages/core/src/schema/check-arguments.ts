import { argumentInvalid } from "../errors/arguments";
import { shown } from "../errors/shown";
import { isObject } from "./json";

/** What an argument must be: a test, and its words. */
type Rule = readonly [isFit: (value: unknown) => boolean, what: string];

const text: Rule = [(value) => typeof value === "string" && value !== "" && !value.includes("\0"), "a path"];

/** Of `CreateOptions`, and of what else has such a member. */
const rules: Readonly<Record<string, Rule>> = {
  overrides: [(value) => Array.isArray(value) && value.every(isOverride), "a list of texts, or of { path, value }"],
  folder: text,
  cacheDir: text,
  signal: [isSignal, "an AbortSignal"],
  onProgress: [(value) => typeof value === "function", "a function"],
  plugins: [(value) => typeof value === "boolean", "true or false"],
  previews: [(value) => typeof value === "boolean" || typeof value === "function", "true, false or a function"],
  scheduler: [(value) => isObject(value) && typeof (value.type ?? "") === "string", "an object of options"],
};

/**
 * Checks what a program passed, which no type checker may have seen.
 * @param call for the error: `createPipeline`
 * @throws SKIPSTEP_ARGUMENT_INVALID
 */
export function checkOptions(call: string, options: unknown): void {
  if (!isObject(options)) throw argumentInvalid(call, [`the options must be an object, found ${shown(options)}`]);
  const problems = optionProblems(options);
  if (problems.length > 0) throw argumentInvalid(call, problems);
}

/** What is wrong with the members that have a rule; all others are not looked at. */
export function optionProblems(options: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(rules).flatMap(([key, [isFit, what]]) => {
    const value = options[key];
    return value === undefined || isFit(value) ? [] : [`"${key}" must be ${what}, found ${shown(value)}`];
  });
}

/** A config as a file's path or an object. @throws SKIPSTEP_ARGUMENT_INVALID */
export function checkInput(call: string, input: unknown): void {
  if (!isObject(input) && typeof input !== "string")
    throw argumentInvalid(call, [`the config must be the path of a file or an object, found ${shown(input)}`]);
}

function isOverride(value: unknown): boolean {
  if (typeof value === "string") return true;
  if (!isObject(value) || !Array.isArray(value.path) || value.path.length === 0) return false;
  return (
    value.path.every((key) => typeof key === "string") && (value.name === undefined || typeof value.name === "string")
  );
}

/** By what is used of it: one of another realm, or a library's, will do. */
function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>;
  return typeof aborted === "boolean" && typeof addEventListener === "function";
}
