import { expect, it } from "vitest";
import { Indicator } from "../src/index";
import { passes } from "./passes";

it("tells how far a tensor moved since it was kept", async () => {
  const indicator = new Indicator();
  const changes: (number | undefined)[] = [];
  const kept = await passes(4, async (step, upload) => {
    const now = upload(4 + step, -4);
    changes.push(await indicator.change(now));
    if (step !== 1) indicator.keep(now);
  });
  expect(changes).toEqual([undefined, 1 / 8, 2 / 8, 1 / 10]);
  expect(kept).toEqual([2, 2, 2, 2]);
});

it("has nothing to say of another size, and no finite number of a tensor of zeros", async () => {
  const indicator = new Indicator();
  await passes(1, async (_step, upload) => {
    indicator.keep(upload(0, 0));
    expect(await indicator.change(upload(1, 2, 3))).toBeUndefined();
    expect(await indicator.change(upload(0, 0))).toBeNaN();
    expect(await indicator.change(upload(0, 1))).toBe(Number.POSITIVE_INFINITY);
  });
});

it("keeps nothing once it is released", async () => {
  const indicator = new Indicator();
  const kept = await passes(3, async (step, upload) => {
    if (step === 0) indicator.keep(upload(1));
    else indicator.release();
    expect(await indicator.change(upload(1))).toBe(step === 0 ? 0 : undefined);
  });
  expect(kept).toEqual([1, 0, 0]);
});
