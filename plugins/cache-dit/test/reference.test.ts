import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CacheDitOptions } from "../src/index";
import { runToy } from "./toy";

/** What cache-dit did; make-reference.py wrote it. */
interface Case {
  readonly name: string;
  readonly options: Partial<CacheDitOptions>;
  readonly cached_steps: readonly number[];
  /** One a step, or one a block. */
  readonly residual_diffs: Readonly<Record<string, number | readonly number[]>>;
  /** First elements of both streams by step. */
  readonly outputs: readonly (readonly [hidden: number, encoder: number])[];
  /** Blocks that were pruned, by step. */
  readonly pruned?: readonly number[];
}

const cases: readonly Case[] = JSON.parse(readFileSync(join(import.meta.dirname, "reference.json"), "utf8"));

function added(block: number, step: number, element: number): number {
  const still = (1 + 0.3 * block) * (1 + 0.5 * Math.sin(element));
  return still + 0.02 * step * step * (1 + block) * Math.cos(0.7 * element + block);
}

describe("the toy of cache-dit", () => {
  it.each(cases)("$name", async ({ options, cached_steps, residual_diffs, outputs, pruned }) => {
    const seen = await runToy({
      options,
      steps: outputs.length,
      hidden: 2,
      adds: (block, step, _, element) => added(block, step, element),
      encoderAdds: (block, step) => (1 + block) * step * step,
    });
    expect(seen.flatMap(({ reused }, step) => (reused.length > 0 ? [step] : []))).toEqual(cached_steps);
    if (pruned) expect(seen.map(({ reused }) => reused.length)).toEqual(pruned);
    for (const [step, { recorded, hidden, encoder }] of seen.entries()) {
      const expected = [residual_diffs[step] ?? []].flat();
      expect(recorded, `differences of step ${step}`).toHaveLength(expected.length);
      for (const [i, difference] of expected.entries())
        expect(Math.abs(recorded[i]! / difference - 1), `difference ${i} of step ${step}`).toBeLessThan(1e-3);
      expect(hidden, `hidden of step ${step}`).toBeCloseTo(outputs[step]![0], 3);
      expect(encoder, `encoder of step ${step}`).toBeCloseTo(outputs[step]![1], 3);
    }
  });
});
