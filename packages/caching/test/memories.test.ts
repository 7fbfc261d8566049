import { madeRun, madeStep } from "@skipstep/contract/graph";
import type { BlockCall, Run } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { branchPrefix, branchPrefixes, RegionMemories, RunMemories } from "../src/index";

const runOf = (branch: Run["branch"], count = 4): Run => madeRun(count, branch);

function callOf(run: Run, region: string, index = 0): Pick<BlockCall, "step" | "region"> {
  return { step: madeStep(run, index), region: { name: region, index: 0, from: region, to: region } };
}

describe("RunMemories", () => {
  it("makes one memory a run, of that run, when it is first asked for", () => {
    const made: Run[] = [];
    const memories = new RunMemories((run) => {
      made.push(run);
      return { steps: run.count };
    });
    const [first, second] = [runOf("batch", 4), runOf("batch", 9)];
    expect(made).toEqual([]);
    const memory = memories.of(first);
    expect(memories.of(second)).toEqual({ steps: 9 });
    expect(memories.of(first)).toBe(memory);
    expect(made).toEqual([first, second]);
  });

  it("keeps runs apart that look alike: branches, generations and plugins", () => {
    const [memories, others] = [new RunMemories(() => ({})), new RunMemories(() => ({}))];
    const runs = [runOf("cond"), runOf("uncond"), runOf("cond")];
    const all = [...runs.map((run) => memories.of(run)), ...runs.map((run) => others.of(run))];
    expect(new Set(all).size).toBe(6);
  });

  it("remembers what counts for nothing", () => {
    let made = 0;
    const memories = new RunMemories(() => made++);
    const run = runOf("batch");
    expect([memories.of(run), memories.of(run)]).toEqual([0, 0]);
    expect(made).toBe(1);
  });

  it("makes a memory at the next call where it could not be made", () => {
    const memories = new RunMemories(({ count }) => {
      if (count < 2) throw new RangeError("too few");
      return {};
    });
    const run = runOf("batch", 1);
    for (let call = 0; call < 2; call++) expect(() => memories.of(run)).toThrow("too few");
  });
});

it("RegionMemories makes one memory a region in each run", () => {
  const memories = new RegionMemories(() => ({}));
  const [run, other] = [runOf("cond"), runOf("uncond")];
  const first = memories.of(callOf(run, "blocks.0"));
  expect(memories.of(callOf(run, "blocks.0", 3))).toBe(first);
  const all = [run, other].flatMap((each) => ["blocks.0", "blocks.1"].map((name) => memories.of(callOf(each, name))));
  expect(new Set(all).size).toBe(4);
  expect(all[0]).toBe(first);
});

it("numbers of the negative prompt's own branch have a prefix, and those of a batch have none", () => {
  const names = (["batch", "cond", "uncond"] as const).map((branch) => `${branchPrefix(runOf(branch))}residual_diff`);
  expect(names).toEqual(["residual_diff", "residual_diff", "cfg_residual_diff"]);
  expect(branchPrefixes).toEqual(["", "cfg_"]);
});
