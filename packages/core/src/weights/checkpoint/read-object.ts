import { readSmallText } from "../../disk/read-small-file";
import { checkpointInvalid } from "../../errors/checkpoint";
import { messageOf } from "../../errors/error";
import { isObject, type JsonObject } from "../../schema/json";
import { JsonError, parseJson } from "../../schema/parse-json";

/** Reads one of a checkpoint's JSON files, which must hold an object. @throws SKIPSTEP_CHECKPOINT_INVALID */
export function readObject(file: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(asJson(readSmallText(file)));
  } catch (error) {
    const problem = error instanceof JsonError ? error.message : `cannot be read (${messageOf(error)})`;
    throw checkpointInvalid(file, problem, error);
  }
  if (!isObject(value)) throw checkpointInvalid(file, "holds no JSON object");
  return value;
}

/** Python writes infinity as a word that JSON does not have; `1e999` is read as infinity. */
function asJson(text: string): string {
  if (!text.includes("Infinity")) return text;
  // by a mark at a time: a pattern for a whole string runs out of stack at long ones
  let inString = false;
  return text.replace(/\\.|"|\bInfinity\b/gs, (part) => {
    if (part === '"') inString = !inString;
    return part === "Infinity" && !inString ? "1e999" : part;
  });
}
