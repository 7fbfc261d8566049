import { extname, resolve } from "node:path";
import { outputUnwritable } from "../errors";

/**
 * Where a page goes, as an absolute path.
 * @throws SKIPSTEP_OUTPUT_UNWRITABLE for another ending than `.html`
 */
export function pageFile(out: string): string {
  if (extname(out) !== ".html") throw outputUnwritable(out, "pages are written as .html; give such a name");
  return resolve(out);
}
