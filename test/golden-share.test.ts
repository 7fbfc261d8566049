import { join } from "node:path";
import { expect, it } from "vitest";
import { findCases } from "./golden-kinds/cases";
import { sameWork } from "./golden-kinds/same-work";
import { ownShare } from "./golden-kinds/share";

const root = join(import.meta.dirname, "golden");
const cases = findCases(root);
const names = (environment: NodeJS.ProcessEnv): string[] => ownShare(cases, environment).map(({ name }) => name);

it("golden cases are dealt to shards: each to one, those of a pipeline together, about as many to all", () => {
  const shards = [1, 2, 3].map((own) => names({ SKIPSTEP_GOLDEN_SHARD: `${own}/3` }));
  expect(shards.flat().sort()).toEqual(cases.map(({ name }) => name).sort());
  for (const shard of shards) expect(Math.abs(shard.length / cases.length - 1 / 3)).toBeLessThan(0.1);
  const owners = shards.filter((shard) => shard.some((name) => name.startsWith("pipelines/sd15/")));
  expect(owners).toHaveLength(1);
});

it("golden cases that ran before are left out", () => {
  const [first, ...rest] = cases.map(({ name }) => name);
  expect(names({})).toEqual([first, ...rest]);
  expect(names({ SKIPSTEP_GOLDEN_DONE: JSON.stringify([first]) })).toEqual(rest);
});

it("golden cases that differ in prompt and seed alone are told from the first of them", () => {
  const repeated = [...sameWork(cases, root)];
  expect(repeated).toContain("emoji/plain-rocket");
  expect(
    repeated.every((name) => /^emoji(-unet)?\/plain-/.test(name)),
    `${repeated}`,
  ).toBe(true);
});
