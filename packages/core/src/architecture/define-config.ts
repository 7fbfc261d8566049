import { modelOptions } from "../errors/models";
import { didYouMean } from "../errors/nearest";
import { shown } from "../errors/shown";
import type { Finding } from "../schema/finding";
import { isObject } from "../schema/json";
import type { JsonSchema } from "../schema/json-schema";
import type { OptionSchemas } from "../schema/option";
import { validate } from "../schema/validate";
import type { Warn } from "./architecture";

/** What is wrong with each entry of a list is told at once; no option has nearly as many. */
const longestList = 10_000;

/** Options that the reference's class knows besides those that a model file reads. */
export interface OtherOptions {
  /** They do not change what is computed; the parsed config does not have them. */
  readonly withoutEffect?: readonly string[];
  /** Those that would, with a JSON Schema of the values that do not; the parsed config does not have them. */
  readonly fixed?: Readonly<Record<string, JsonSchema>>;
}

/**
 * Makes a parser of config.json. Keys that begin with `_` are notes of the library that wrote the file; those that the
 * reference's class does not know are left out, as it leaves them out, with a warning.
 *
 * @param options each with the reference's default
 */
export function defineConfig<Config extends object>(
  className: string,
  options: OptionSchemas<Config>,
  { withoutEffect = [], fixed = {} }: OtherOptions = {},
): (raw: unknown, warn?: Warn) => Config {
  const schema: JsonSchema = { type: "object", properties: { ...options, ...fixed } };
  const known = Object.keys(schema.properties!);
  return (raw, warn) => {
    if (!isObject(raw)) throw modelOptions(className, [`it must be an object, found ${shown(raw)}`]);
    const long = Object.entries(raw).filter(([, value]) => Array.isArray(value) && value.length > longestList);
    if (long.length > 0)
      throw modelOptions(
        className,
        long.map(([key, value]) => `"${key}" must have at most ${longestList} entries, found ${(value as []).length}`),
      );
    const given = Object.entries(raw).filter(([key]) => !key.startsWith("_") && !withoutEffect.includes(key));
    const config = structuredClone(Object.fromEntries(given.filter(([key]) => known.includes(key))));
    const findings = validate(schema, config, [], true);
    if (findings.length > 0) throw modelOptions(className, problems(findings));
    const strange = given.map(([key]) => key).filter((key) => !known.includes(key));
    for (const key of strange) warn?.(optionIgnored(className, key, didYouMean(key, known)));
    for (const key of Object.keys(fixed)) delete config[key];
    return Object.freeze(config as Config);
  };
}

function optionIgnored(className: string, key: string, hint: string): string {
  return `${className} has no option "${key}"; it is ignored, as the reference ignores it.${hint}`;
}

/** One phrase an option; a mistake of the whole option stands for those of its parts. */
function problems(findings: readonly Finding[]): string[] {
  const byOption = new Map<unknown, Finding>();
  for (const finding of findings) {
    const known = byOption.get(finding.path[0]);
    if (!known || finding.path.length < known.path.length) byOption.set(finding.path[0], finding);
  }
  return [...byOption.values()].map(({ path: [option, ...part], text }) => {
    const name = option === undefined ? "it" : `"${option}"`;
    return `${name}${part.length > 0 ? ` (at ${part.join("/")})` : ""}${text.replace(/\.$/, "")}`;
  });
}
