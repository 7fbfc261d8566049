import { expect, it } from "vitest";
import { RegionOutputs } from "../src/index";
import { passes, valuesOf } from "./passes";

it("returns what left the region at its last computed step, and keeps no more", async () => {
  const last = new RegionOutputs();
  const kept = await passes(4, async (step, upload) => {
    const inputs = { hidden: upload(step, step) };
    if (step === 0 || step === 2) return last.learn(inputs, { out: upload(step), hidden: upload(step, 5) });
    expect(last.fits(inputs)).toBe(true);
    const outputs = last.reuse();
    expect(Object.keys(outputs)).toEqual(["out", "hidden"]);
    expect(await valuesOf(outputs.out)).toEqual([step - 1]);
    expect(await valuesOf(outputs.hidden)).toEqual([step - 1, 5]);
  });
  expect(kept).toEqual([3, 3, 3, 3]);
});

it("fits inputs of the same sizes, all of them", async () => {
  const last = new RegionOutputs();
  await passes(1, async (_step, upload) => {
    const inputs = { hidden: upload(1, 2), encoder: upload(3) };
    expect(last.fits(inputs)).toBe(false);
    expect(last.fits({})).toBe(false);
    last.learn(inputs, { hidden: upload(1, 2) });
    expect(last.fits({ hidden: upload(5, 6), encoder: upload(7) })).toBe(true);
    expect(last.fits({ hidden: upload(1, 2), encoder: upload(3, 4) })).toBe(false);
    expect(last.fits({ hidden: upload(1, 2) })).toBe(false);
  });
});

it("lets go of everything", async () => {
  const last = new RegionOutputs();
  const kept = await passes(2, async (step, upload) => {
    const inputs = { hidden: upload(1) };
    if (step === 0) return last.learn(inputs, { hidden: upload(1) });
    last.release();
    last.release();
    expect(last.fits(inputs)).toBe(false);
    expect(last.reuse()).toEqual({});
  });
  expect(kept).toEqual([1, 0]);
});
