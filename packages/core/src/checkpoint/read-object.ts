import { readFileSync } from "node:fs";
import { isObject, type JsonObject } from "../config/json";
import { checkpointInvalid } from "../errors/checkpoint";
import { messageOf } from "../errors/error";

/** Reads one of a checkpoint's JSON files, which must hold an object. @throws SKIPSTEP_CHECKPOINT_INVALID */
export function readObject(file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    const problem = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw checkpointInvalid(file, `${problem} (${messageOf(error)})`, error);
  }
  if (!isObject(value)) throw checkpointInvalid(file, "holds no JSON object");
  return value;
}
