import { parseJson } from "@skipstep/core";

/** The value of a text that is JSON, else the text: how values are typed on a command line. */
export function jsonOrText(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
