import { expect, it } from "vitest";
import type { BlobStore } from "../src/blobs/blob-store";
import { Job } from "../src/jobs/job";
import type { Together } from "../src/jobs/together";
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
  readonly together: Together | undefined;
}

type Wanted = Partial<Job["request"]>;

/** A queue whose jobs are drawn and stored when the test says so. */
function stepped(batch = 1): { queue: LocalQueue; begun: Step[]; add: (wanted?: Wanted) => Promise<Job> } {
  const begun: Step[] = [];
  const queue = new LocalQueue({
    run: (job, drawn, together) =>
      new Promise((end) => {
        job.begin();
        const stored = (): void => {
          job.complete([], []);
          end();
        };
        begun.push({ job, drawn, stored, together });
      }),
    blobs,
    journal: undefined,
    most: 10,
    batch,
    onError: (_, error) => {
      throw error;
    },
  });
  const add = async (wanted: Wanted = {}): Promise<Job> => {
    const job = new Job("somebody", { ...request, isAwaited: false, ...wanted } as Job["request"]);
    await queue.add(job, wanted.pictures ? { image: [new Uint8Array()] } : {});
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

it("begins those with the first that differ from it in what is drawn and in the seed alone, in their order", async () => {
  const { queue, begun, add } = stepped(3);
  await add();
  const first = await add({ settings: { prompt: "a cat", width: 64, height: 32, seed: 1 } });
  const alone = [
    await add({ settings: { prompt: "a cat", width: 64, height: 64 } }),
    await add({ settings: { prompt: "a cat", width: 64, height: 32 }, model: "other" }),
    await add({ settings: { prompt: "a cat", width: 64, height: 32 }, plugins: [] }),
    await add({ settings: { prompt: "a cat", width: 64, height: 32 }, scheduler: { type: "DDIMScheduler" } }),
    await add({ settings: { prompt: "a cat", width: 64, height: 32 }, seeds: [1, 2] }),
    await add({ settings: { prompt: "a cat", width: 64, height: 32 }, pictures: { image: ["key"] } }),
  ];
  const second = await add({ settings: { height: 32, width: 64, prompt: "a dog", negative_prompt: "a cat" } });
  const third = await add({ settings: { prompt_2: "a dog", width: 64, height: 32, prompt: "a dog" }, seeds: [4] });
  await settled();
  expect(begun.map(({ together }) => together)).toEqual([undefined]); // nobody waited with it
  begun[0]!.stored();
  await settled();
  expect(begun.slice(1).map(({ job }) => job)).toEqual([first, second, third]);
  expect(new Set(begun.slice(1).map(({ together }) => together))).toHaveProperty("size", 1);
  expect(await queue.count()).toEqual({ waiting: alone.length, running: 3 });
  for (const { stored } of begun.slice(1)) stored();
  for (const [i, job] of alone.entries()) {
    await settled();
    expect([begun.at(-1)!.job, begun.at(-1)!.together]).toEqual([job, undefined]);
    expect(begun).toHaveLength(5 + i);
    begun.at(-1)!.stored();
  }
});

it("draws no more at once than a batch may have, and never one of lower priority with one of higher", async () => {
  const { begun, add } = stepped(2);
  await add();
  await Promise.all([1, 1, 1, 2, 0].map((priority) => add({ priority })));
  const batches: number[][] = [];
  let done = 0;
  for (let batch = 0; batch < 5; batch++) {
    await settled();
    const now = begun.slice(done);
    done = begun.length;
    batches.push(now.map(({ job }) => job.request.priority));
    for (const { stored } of now) stored();
  }
  expect(batches).toEqual([[0], [2], [1, 1], [1], [0]]);
});
