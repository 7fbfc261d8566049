import { dirname } from "node:path";
import type { GoldenCase } from "./cases";

/**
 * Without the cases of other shards, and those that ran before.
 * @param environment what `scripts/test-webgpu.mjs` says: `SKIPSTEP_GOLDEN_DONE`, a list of names in JSON, and
 *   `SKIPSTEP_GOLDEN_SHARD`, `2/4`
 */
export function ownShare<Case extends Pick<GoldenCase, "name">>(
  cases: readonly Case[],
  environment: NodeJS.ProcessEnv = process.env,
): Case[] {
  const { SKIPSTEP_GOLDEN_DONE: done = "[]", SKIPSTEP_GOLDEN_SHARD: shard = "1/1" } = environment;
  const [own, count] = shard.split("/").map(Number) as [number, number];
  const names = new Set<string>(JSON.parse(done));
  const folders = dealt(cases, count);
  return cases.filter(({ name }) => folders.get(dirname(name)) === own && !names.has(name));
}

/**
 * Folders to parts of about as many cases, by number: those of a folder run one model, which is compiled once.
 * @returns from 1 to `count`
 */
function dealt(cases: readonly Pick<GoldenCase, "name">[], count: number): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name } of cases) sizes.set(dirname(name), (sizes.get(dirname(name)) ?? 0) + 1);
  const parts = new Array<number>(count).fill(0);
  const largestFirst = [...sizes].sort(([, a], [, b]) => b - a);
  return new Map(
    largestFirst.map(([folder, size]) => {
      const part = parts.indexOf(Math.min(...parts));
      parts[part]! += size;
      return [folder, part + 1];
    }),
  );
}
