import { extname, resolve } from "node:path";
import { outputUnwritable } from "./errors";

/**
 * Where a file goes, as an absolute path.
 * @param ending that it must have: `.html`
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE for another one
 */
export function outFile(out: string, ending: ".html" | ".json"): string {
  const kind = ending === ".html" ? "pages" : "configs";
  if (extname(out) !== ending) throw outputUnwritable(out, `${kind} are written as ${ending}; give such a name`);
  return resolve(out);
}
