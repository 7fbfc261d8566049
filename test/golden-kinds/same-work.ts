import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GoldenCase } from "./cases";

/**
 * Cases that differ from one before them in nothing but their prompt and seed: they run the same operators. A software
 * driver takes minutes for each, so that they are left out there.
 * @param root the golden folder @returns their names
 */
export function sameWork(cases: readonly Pick<GoldenCase, "name">[], root: string): ReadonlySet<string> {
  const known = new Set<string>();
  const repeated = cases.filter(({ name }) => {
    const file = join(root, `${name}.json`);
    if (!existsSync(file)) return false;
    const { prompt, seed: _, ...rest } = JSON.parse(readFileSync(file, "utf8"));
    const key = JSON.stringify([dirname(name), rest]);
    const isKnown = prompt !== undefined && known.has(key);
    known.add(key);
    return isKnown;
  });
  return new Set(repeated.map(({ name }) => name));
}
