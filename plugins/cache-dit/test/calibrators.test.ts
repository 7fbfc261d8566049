import { testRuntime } from "@skipstep/contract/graph";
import { type DeviceTensor, floats } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import type { Calibrator } from "../src/calibrator";
import { FoCa } from "../src/foca";

/** Feeds Y_s = s^2 at the computed steps. @returns what it makes of the others, and the tensors it keeps after each */
async function follow(
  calibrator: Calibrator,
  computed: readonly number[],
  steps: number,
): Promise<{ predicted: Record<number, number>; kept: number[] }> {
  const runtime = await testRuntime();
  return await runtime.generation(async () => {
    const predicted: Record<number, number> = {};
    const kept: number[] = [];
    for (let step = 0; step < steps; step++) {
      await runtime.pass(async () => {
        if (!computed.includes(step)) {
          predicted[step] = Number((await (await calibrator.approximate(step)).read()).data[0]);
          return;
        }
        calibrator.prepare();
        const value: DeviceTensor = runtime.upload(floats([1], Float32Array.of(step * step)));
        await calibrator.update(value, step);
      });
      kept.push(runtime.keptBytes / 4);
    }
    calibrator.release();
    expect(runtime.keptBytes).toBe(0);
    return { predicted, kept };
  });
}

describe("FoCa", () => {
  it("anchors Heun's rule at the last computed step", async () => {
    const { predicted } = await follow(new FoCa(), [0, 1, 2, 3, 4, 8], 12);
    expect(predicted).toEqual({ 5: 23, 6: 30, 7: 37, 9: 101.5, 10: 149.5, 11: 208 });
  });

  it("draws back to it beyond three steps", async () => {
    const { predicted } = await follow(new FoCa(), [0, 1], 6);
    // A = 1, A0 = 0: 1 + 1/2 (1 + 1), 1 + 2/2 (1 + 1), 1 + 3/2 (1 + 1), then 3/4 (1 + 3/2 (1 + 1)) + 1/4
    expect(predicted).toEqual({ 2: 2, 3: 3, 4: 4, 5: 3.25 });
  });

  it("repeats the only value there is, and keeps four tensors at most", async () => {
    const { predicted, kept } = await follow(new FoCa(), [0, 2, 3], 6);
    expect(predicted[1]).toBe(0);
    expect(kept).toEqual([1, 1, 2, 2, 3, 4]);
  });
});
