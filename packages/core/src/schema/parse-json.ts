import { isObject, type JsonObject } from "./json";

/** How much a JSON text may hold. */
export interface JsonLimits {
  /** Lists and objects inside one another. Whoever walks over a parsed value may recurse this deep. */
  readonly depth: number;
  /** Commas and opening brackets: what the parsed value takes of memory grows with these. */
  readonly values: number;
}

/** Far above every config, recipe and answer of the hub that was seen. */
export const usualLimits: JsonLimits = { depth: 100, values: 1_000_000 };

/** Why a text was not parsed, in words that follow its name: `is not JSON (...)`, `is nested more than 100 deep`. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/**
 * Parses JSON that somebody else may have written. Depth and number of values are counted before anything is made of
 * the text.
 *
 * @param text bytes are UTF-8
 * @throws JsonError
 */
export function parseJson(text: string | Uint8Array, limits: Partial<JsonLimits> = {}): unknown {
  const excess = excessIn(text, limits);
  if (excess) throw excess;
  try {
    return JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
  } catch (error) {
    throw new JsonError(`is not JSON (${(error as Error).message})`, { cause: error });
  }
}

/** The object that a text holds; `undefined` where it is no JSON, or another value: told by the caller, with its place. */
export function objectIn(text: string): JsonObject | undefined {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Counts what a text of JSON holds, with comments or without; it need not be sound. Parsers, and whoever walks over the
 * values, recurse.
 * @returns what keeps it from being parsed
 */
export function excessIn(text: string | Uint8Array, limits: Partial<JsonLimits> = {}): JsonError | undefined {
  const { depth, values: most } = { ...usualLimits, ...limits };
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  const closing: number[] = []; // one bracket for each that is open: a wrong one closes nothing
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    switch (byte) {
      case 0x22: // "
        at = endOfString(bytes, at);
        break;
      case 0x2f: // /
        at = endOfComment(bytes, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        values++;
        if (closing.push(byte + 2) > depth) return new JsonError(`is nested more than ${depth} deep`);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (closing.at(-1) === byte) closing.pop();
        break;
      case 0x2c: // ,
        values++;
    }
    if (values > most) return new JsonError(`holds more than ${most} values`);
  }
  return undefined;
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== 0x22) at += bytes[at] === 0x5c ? 2 : 1; // a backslash takes one with it
  return at;
}

/** Of a comment's last byte, as JSONC has them; `start` where no comment begins. */
function endOfComment(bytes: Uint8Array, start: number): number {
  if (bytes[start + 1] === 0x2f) {
    let at = start + 2;
    while (at < bytes.length && bytes[at] !== 0x0a && bytes[at] !== 0x0d) at++;
    return at;
  }
  if (bytes[start + 1] !== 0x2a) return start;
  let at = start + 2;
  while (at < bytes.length && !(bytes[at] === 0x2a && bytes[at + 1] === 0x2f)) at++;
  return at + 1;
}
