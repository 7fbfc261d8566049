import { expect, it } from "vitest";
import type { BlobStore } from "../src/blobs/blob-store";
import { Job } from "../src/jobs/job";
import { LocalQueue } from "../src/queues/local-queue";

const blobs: BlobStore = {
  put: async () => undefined,
  get: async () => new Uint8Array(),
  remove: async () => undefined,
  jobs: async () => [],
};
const request = { model: "emoji", settings: {}, pictures: {}, output: { format: "png" }, previews: 0, priority: 0 };

interface Step {
  readonly job: Job;
  readonly drawn: () => void;
  readonly stored: () => void;
}

/** A queue whose jobs are drawn and stored when the test says so. */
function stepped(): { queue: LocalQueue; begun: Step[]; add: () => Promise<Job> } {
  const begun: Step[] = [];
  const queue = new LocalQueue({
    run: (job, drawn) =>
      new Promise((end) => {
        job.begin();
        const stored = (): void => {
          job.complete([], []);
          end();
        };
        begun.push({ job, drawn, stored });
      }),
    blobs,
    journal: undefined,
    most: 10,
    onError: (_, error) => {
      throw error;
    },
  });
  const add = async (): Promise<Job> => {
    const job = new Job("somebody", { ...request, isAwaited: false } as Job["request"]);
    await queue.add(job, {});
    return job;
  };
  return { queue, begun, add };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("draws a job while the one before is stored, and none while two would be", async () => {
  const { queue, begun, add } = stepped();
  const jobs = [await add(), await add(), await add()];
  await settled();
  expect(begun.map(({ job }) => job)).toEqual(jobs.slice(0, 1));
  begun[0]!.drawn();
  await settled();
  expect(begun.map(({ job }) => job)).toEqual(jobs.slice(0, 2));
  begun[1]!.drawn();
  await settled();
  expect(begun).toHaveLength(2);
  expect(await queue.count()).toEqual({ waiting: 1, running: 1 });
  begun[0]!.stored();
  await settled();
  expect(begun.map(({ job }) => job)).toEqual(jobs);
});

it("begins one job for one that is over, also where that is not told twice", async () => {
  const { begun, add } = stepped();
  await add();
  begun[0]!.drawn();
  begun[0]!.stored();
  await settled();
  await Promise.all([add(), add()]);
  await settled();
  expect(begun).toHaveLength(2);
  begun[1]!.stored(); // without a word that it is drawn, as one that fails
  await settled();
  expect(begun).toHaveLength(3);
});

it("is closed when what was drawn is stored, too", async () => {
  const { queue, begun, add } = stepped();
  const jobs = [await add(), await add()];
  begun[0]!.drawn();
  await settled();
  let isClosed = false;
  const closing = queue.close(30).then(() => {
    isClosed = true;
  });
  begun[1]!.drawn();
  begun[1]!.stored();
  await settled();
  expect(isClosed).toBe(false);
  begun[0]!.stored();
  await closing;
  expect(jobs.map(({ state }) => state)).toEqual(["completed", "completed"]);
});
