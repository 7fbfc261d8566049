import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fuzzKind } from "./fuzz/fuzz-kind";
import { kinds } from "./fuzz/kinds";

/** Inputs of a kind for each unit of its weight; `pnpm fuzz` tries more. */
const inputs = 6;

const offline = { HF_HUB_OFFLINE: "1" };
const before = process.env.HF_HUB_OFFLINE;
beforeAll(() => Object.assign(process.env, offline));
afterAll(() => {
  if (before === undefined) delete process.env.HF_HUB_OFFLINE;
  else process.env.HF_HUB_OFFLINE = before;
});

describe("inputs of strangers, changed at random, end in an image or an error with a code", () => {
  it.each(kinds.map((kind) => [kind.name, kind] as const))("%s", async (_, kind) => {
    const tally = new Map<string, number>();
    const count = inputs * kind.weight;
    const faults = await fuzzKind({
      kind,
      first: 0,
      count,
      drawn: 0,
      onEnd: (outcome) => tally.set(outcome, (tally.get(outcome) ?? 0) + 1),
    });
    expect(faults.map(({ input, text }) => `input ${input}: ${text}`)).toEqual([]);
    expect([...tally.values()].reduce((sum, number) => sum + number)).toBe(count);
  });
});
