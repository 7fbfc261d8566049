import { expect, it } from "vitest";
import { StreamResiduals } from "../src/index";
import { passes, valuesOf } from "./passes";

it("adds again what was added to each stream, and returns as it was what is no stream", async () => {
  const residuals = new StreamResiduals();
  await passes(2, async (step, upload) => {
    if (step === 0) {
      const inputs = { hidden: upload(1, 2), encoder: upload(3), condition: upload(9) };
      await residuals.learn(inputs, { hidden: upload(2, 4), encoder: upload(8), pooled: upload(7) }, step);
      return;
    }
    const outputs = await residuals.reuse({ hidden: upload(10, 20), encoder: upload(30), condition: upload(9) }, step);
    expect(Object.keys(outputs)).toEqual(["hidden", "encoder", "pooled"]);
    expect(await valuesOf(outputs.hidden)).toEqual([11, 22]);
    expect(await valuesOf(outputs.encoder)).toEqual([35]);
    expect(await valuesOf(outputs.pooled)).toEqual([7]);
  });
});

it("fits what has the size of the last computed step, until the next one begins", async () => {
  const residuals = new StreamResiduals();
  await passes(1, async (step, upload) => {
    const inputs = { hidden: upload(1, 2) };
    expect(residuals.fits(inputs)).toBe(false);
    residuals.prepare(inputs);
    await residuals.learn(inputs, { hidden: upload(2, 4) }, step);
    expect(residuals.fits(inputs)).toBe(true);
    expect(residuals.fits({ hidden: upload(1, 2, 3) })).toBe(false);
    expect(residuals.fits({ encoder: upload(1, 2) })).toBe(false);
    residuals.prepare(inputs);
    expect(residuals.fits(inputs)).toBe(false);
  });
});

it("continues residuals by their derivatives, and gives the model their room", async () => {
  const residuals = new StreamResiduals(1);
  const within: number[] = [];
  const after = await passes(5, async (step, upload, kept) => {
    const inputs = { hidden: upload(100) };
    if (step === 3) {
      expect(residuals.fits(inputs)).toBe(true);
      expect(await valuesOf((await residuals.reuse(inputs, step)).hidden)).toEqual([107]); // 4 + (4 - 1)
      return;
    }
    const given = step === 4 ? { hidden: upload(1, 2) } : inputs;
    residuals.prepare(given);
    within.push(kept());
    const outputs = step === 4 ? { hidden: upload(1, 2) } : { hidden: upload(100 + step * step) };
    await residuals.learn(given, outputs, step);
  });
  expect(within).toEqual([0, 1, 1, 0]); // of another size, nothing is of use
  expect(after).toEqual([1, 2, 2, 2, 2]);
});

it("tells of a model that broke, and forgets it once a step is sound again", async () => {
  const residuals = new StreamResiduals();
  await passes(2, async (step, upload) => {
    const hidden = upload(1, 2);
    await residuals.learn({ hidden }, { hidden: upload(1, step === 0 ? Number.NaN : 3) }, step);
    expect(await residuals.isFinite(step + 1)).toBe(step === 1);
  });
});

it("keeps nothing once it is released", async () => {
  const residuals = new StreamResiduals(2);
  const kept = await passes(4, async (step, upload) => {
    const inputs = { hidden: upload(1), encoder: upload(2) };
    if (step < 3) await residuals.learn(inputs, { hidden: upload(step), encoder: upload(-step) }, step);
    else residuals.release();
    expect(residuals.fits(inputs)).toBe(step < 3);
  });
  expect(kept).toEqual([2, 4, 6, 0]);
});
