import { RE2JS } from "re2js";
import { loraInvalid } from "../../errors/lora";
import { isObject } from "../../schema/json";

/** A regular expression for modules' names, and what it says of those that it fits. */
export interface Pattern {
  readonly value: number;
  fits(module: string): boolean;
}

/**
 * What Python's and RE2's expressions have in common is read alike by both. Left out are names that only one of
 * them knows, `{,3}`, which is a number of times for Python alone, and flags that are not at the beginning for PEFT.
 */
const onlyOne = /\\[^\Wabdfnrstvwx_ABDSW\d]|\\0|\{,|\[\[:|\(\?<[^=!]|\(\?[a-zA-Z-]+\)/;

/**
 * PEFT's `rank_pattern` or `alpha_pattern`: keys are regular expressions for a module's name from its beginning, or from
 * behind a dot, to its end; the first that fits counts (https://github.com/huggingface/peft, `get_pattern_key`). They are
 * run in linear time, whatever they are.
 *
 * @throws SKIPSTEP_LORA_INVALID
 */
export function readPatterns(file: string, setting: string, patterns: unknown): Pattern[] {
  if (patterns === undefined || patterns === null) return [];
  if (!isObject(patterns)) throw loraInvalid(file, `has a ${setting} that is no object`);
  return Object.entries(patterns).map(([text, value]) => {
    if (typeof value !== "number") throw loraInvalid(file, `has no number for "${text}" in its ${setting}`);
    const expression = compile(file, setting, text);
    return { value, fits: (module) => expression.matches(module) };
  });
}

function compile(file: string, setting: string, text: string): RE2JS {
  try {
    if (text.length <= 10_000 && !onlyOne.test(text)) return RE2JS.compile(`(.*\\.)?(${text})`);
  } catch {
    // told below
  }
  const shown = text.length > 100 ? `${text.slice(0, 100)}...` : text;
  throw loraInvalid(
    file,
    `has "${shown}" in its ${setting}, a regular expression that Skipstep does not run: no lookaround, no back reference`,
  );
}
