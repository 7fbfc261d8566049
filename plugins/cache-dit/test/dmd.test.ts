import { readFileSync } from "node:fs";
import { join } from "node:path";
import { testRuntime } from "@skipstep/contract/graph";
import { floats } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { taylorDelay } from "../src/calibrator";
import { Dmd, type DmdOptions } from "../src/dmd";

/** What cache-dit's DMDState made of `waves`; make-reference.py wrote it. */
interface Case {
  readonly computed: readonly number[];
  readonly options: Partial<DmdOptions>;
  /** By step: three elements of each of two items. */
  readonly forecasts: Readonly<Record<string, readonly number[]>>;
}

const cases: readonly Case[] = JSON.parse(readFileSync(join(import.meta.dirname, "dmd.json"), "utf8"));
const elements = 32;

/** Modes that fade, grow, swing and drift: `[2, 32]`. */
function waves(step: number): Float32Array {
  const first = (e: number): number =>
    Math.cos(e) * 0.9 ** step + 0.3 * Math.sin(2 * e) * 1.05 ** step + 0.2 * Math.cos(3 * e) * Math.cos(0.6 * step);
  const second = (e: number): number => Math.sin(e) * (1 + 0.01 * step * step) + 0.1 * Math.cos(5 * e) * (-0.7) ** step;
  return Float32Array.from({ length: 2 * elements }, (_, i) => (i < elements ? first(i) : second(i - elements)));
}

/** @returns what it makes of the steps that are not computed, and the tensors of two items that it keeps after each */
async function follow(
  dmd: Dmd,
  computed: readonly number[],
  steps: number,
  valueAt = waves,
): Promise<{ predicted: Record<string, Float32Array>; kept: number[] }> {
  const runtime = await testRuntime();
  return runtime.generation(async () => {
    const predicted: Record<string, Float32Array> = {};
    const kept: number[] = [];
    for (let step = 0; step < steps; step++) {
      await runtime.pass(async () => {
        if (!computed.includes(step)) {
          predicted[step] = (await (await dmd.approximate(step)).read()).data as Float32Array;
          return;
        }
        dmd.prepare();
        await dmd.update(runtime.upload(floats([2, 4, 8], valueAt(step))), step);
      });
      kept.push(runtime.keptBytes / (8 * elements));
    }
    dmd.release();
    expect(runtime.keptBytes).toBe(0);
    return { predicted, kept };
  });
}

const newDmd = (options: Partial<DmdOptions> = {}): Dmd =>
  new Dmd({ history: 6, rank: 0, ridge: 1e-8, ...options }, taylorDelay);

describe("DMD", () => {
  it.each(cases)(
    "forecasts as cache-dit, computed at $computed with $options",
    async ({ computed, options, forecasts }) => {
      const { predicted } = await follow(newDmd(options), computed, 16);
      expect(Object.keys(predicted)).toEqual(Object.keys(forecasts));
      for (const [step, expected] of Object.entries(forecasts)) {
        const found = [...predicted[step]!.subarray(0, 3), ...predicted[step]!.subarray(elements, elements + 3)];
        for (const [i, value] of expected.entries()) expect(found[i], `step ${step}, ${i}`).toBeCloseTo(value, 4);
      }
    },
  );

  it("keeps six evenly spaced values at most, and lets go of those before the spacing changed", async () => {
    const { kept } = await follow(newDmd(), [0, 1, 2, 3, 4, 5, 6, 9, 12, 13], 14);
    expect(kept).toEqual([1, 2, 3, 4, 5, 6, 6, 6, 6, 3, 3, 3, 3, 3]);
  });

  it("repeats the newest value where there is nothing to fit, or no number comes out", async () => {
    const nothing = await follow(newDmd(), [0, 1, 2, 3], 5, () => new Float32Array(2 * elements));
    expect(nothing.predicted[4]!.every((value) => value === 0)).toBe(true);
    const broken = (step: number): Float32Array => waves(step).fill(step === 1 ? Number.NaN : step, elements);
    const { predicted } = await follow(newDmd(), [0, 1, 2, 3], 5, broken);
    expect(predicted[4]).toEqual(broken(3));
  });
});
