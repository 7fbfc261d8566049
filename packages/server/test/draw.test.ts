import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GenerateRequest, GenerateResult, Pipeline } from "@skipstep/core";
import { afterAll, expect, it } from "vitest";
import { FolderBlobs } from "../src/blobs/folder-blobs";
import { drawWith } from "../src/jobs/draw";
import { Job } from "../src/jobs/job";
import { Together } from "../src/jobs/together";
import type { ModelPool } from "../src/models/model-pool";

const folder = mkdtempSync(join(tmpdir(), "skipstep-draw-"));
afterAll(() => rmSync(folder, { recursive: true }));

const job = (seed: number): Job => {
  const settings = { seed };
  const plain = { model: "emoji", pictures: {}, output: { format: "png" }, previews: 0, priority: 0 };
  return new Job("somebody", { ...plain, settings, isAwaited: false } as unknown as Job["request"]);
};

/** Draws with a model whose results the test settles, by seed, and writes down what becomes of model and jobs. */
function drawing() {
  const told: string[] = [];
  const settle = new Map<number, { draw: () => void; fail: (error: unknown) => void }>();
  const begun = (seed: number): Promise<GenerateResult> =>
    new Promise((resolve, reject) => {
      const result = { images: [], report: { seed } } as unknown as GenerateResult;
      settle.set(seed, { draw: () => resolve(result), fail: reject });
    });
  const generateTogether = (requests: readonly GenerateRequest[]) => requests.map(({ seed }) => begun(seed!));
  const pool = {
    open: async () => ({ generateTogether }) as unknown as Pipeline,
    forget: async () => void told.push("forgotten"),
  } as unknown as ModelPool;
  const run = drawWith({ pool, blobs: new FolderBlobs(folder), batch: 1, onError: () => undefined });
  const draw = (one: Job, together?: Together): Promise<void> => {
    void one.ended.then(() => told.push(one.state));
    return run(one, () => told.push("drawn"), together);
  };
  const asked = (count: number) => expect.poll(() => settle.size).toBe(count);
  return { told, settle, draw, asked };
}

it("forgets a model that failed, before the device is free for the next job", async () => {
  const { told, settle, draw, asked } = drawing();
  const over = draw(job(1));
  await asked(1);
  settle.get(1)!.fail(new Error("broken"));
  await over;
  expect(told).toEqual(["forgotten", "failed"]);
});

it("forgets it only when the others of the batch are drawn, where one of them failed", async () => {
  const { told, settle, draw, asked } = drawing();
  const jobs = [job(1), job(2)];
  const together = new Together(jobs);
  const over = jobs.map((one) => draw(one, together));
  await asked(2);
  settle.get(1)!.fail(new Error("nobody listens"));
  await expect.poll(() => jobs[0]!.state).toBe("failed");
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).toEqual(["failed"]);
  settle.get(2)!.draw();
  await Promise.all(over);
  expect(told.filter((what) => what === "forgotten")).toHaveLength(1);
  expect(jobs.map(({ state }) => state)).toEqual(["failed", "completed"]);
});
