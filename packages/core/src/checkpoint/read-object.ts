import { isObject, type JsonObject } from "../config/json";
import { checkpointInvalid } from "../errors/checkpoint";
import { messageOf } from "../errors/error";
import { readRegularText } from "../regular-file";

/** Reads one of a checkpoint's JSON files, which must hold an object. @throws SKIPSTEP_CHECKPOINT_INVALID */
export function readObject(file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(asJson(readRegularText(file)));
  } catch (error) {
    const problem = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw checkpointInvalid(file, `${problem} (${messageOf(error)})`, error);
  }
  if (!isObject(value)) throw checkpointInvalid(file, "holds no JSON object");
  return value;
}

/** Python writes infinity as a word that JSON does not have; `1e999` is read as infinity. */
function asJson(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\bInfinity\b/g, (part) => (part === "Infinity" ? "1e999" : part));
}
