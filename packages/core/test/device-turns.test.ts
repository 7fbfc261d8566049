import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createPipeline, type Pipeline, type ProgressEvent } from "../src/index";
import type { OnProgress } from "../src/loop/progress-listener";
import { type DeviceWait, inTurn } from "../src/runtime/device-turn";
import { temporaryFolder } from "./checkpoint-files";
import type { TurnsData } from "./device-turns-child";
import { plantDevice } from "./planted-device";
import { type BundledThreads, threadsVariable } from "./threads/start-thread";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/dit");
const config = { model, device: "webgpu", generate: { class_labels: [1], num_inference_steps: 3, seed: 3 } };
const child = (JSON.parse(process.env[threadsVariable]!) as BundledThreads)[
  join(import.meta.dirname, "device-turns-child.ts")
]!;
const folder = temporaryFolder();
const device = plantDevice(folder);
const locks = join(folder, "cache/devices");
const cancelled = { code: "SKIPSTEP_CANCELLED" };
afterAll(() => device.remove());

async function draw(from: Pipeline, onProgress?: OnProgress, signal?: AbortSignal): Promise<Uint8Array> {
  return (await from.generate({ onProgress, signal })).images[0]!.data;
}

describe("pipelines on one device", () => {
  let one: Pipeline;
  let two: Pipeline;
  let expected: Uint8Array;
  beforeAll(async () => {
    [one, two] = await Promise.all([createPipeline(config), createPipeline(config)]);
    expected = await draw(one);
  });
  afterAll(() => Promise.all([one, two].map((pipeline) => pipeline.close())));

  it("draw in the order in which they were asked", async () => {
    const order: string[] = [];
    const noting =
      (name: string): OnProgress =>
      ({ kind }) =>
        void (kind === "step" && order.push(name));
    const images = await Promise.all([draw(one, noting("a")), draw(two, noting("b")), draw(one, noting("c"))]);
    expect(order.join("")).toBe("aaabbbccc");
    for (const image of images) expect(image).toEqual(expected);
    expect(readdirSync(locks)).toEqual([]);
  });

  it("stop waiting at once when they are cancelled, and the others go on", async () => {
    const [own, others] = [new AbortController(), new AbortController()];
    let ended = false;
    const first = draw(one, async ({ kind }) => {
      if (kind !== "encode") return;
      own.abort("of the same pipeline");
      others.abort("of another");
    }).finally(() => {
      ended = true;
    });
    const waiting = [draw(one, undefined, own.signal), draw(two, undefined, others.signal)];
    for (const image of waiting) await expect(image).rejects.toMatchObject(cancelled);
    expect(ended).toBe(false);
    expect(await draw(two)).toEqual(expected);
    expect(await first).toEqual(expected);
  });

  it("draw inside another's generation, as part of it", async () => {
    const inner: Promise<Uint8Array>[] = [];
    await draw(one, ({ kind }) => {
      if (kind === "decode") inner.push(draw(two));
      return inner[0];
    });
    expect(await inner[0]).toEqual(expected);
    expect(readdirSync(locks)).toEqual([]);
  });
});

describe("threads of a process", () => {
  it("never work at once, and none has two turns while others wait", async () => {
    const [threads, turns] = [3, 4];
    const memory = new SharedArrayBuffer(4 * (4 + threads * turns));
    const workers = Array.from({ length: threads }, (_, i) => {
      const workerData: TurnsData = { thread: i + 1, threads, turns, memory };
      return once(new Worker(child, { workerData, execArgv: [] }), "exit");
    });
    await Promise.all(workers);
    const [atWork, most, done, , ...whose] = new Int32Array(memory);
    expect({ atWork, most, done }).toEqual({ atWork: 0, most: 1, done: threads * turns });
    const contested = whose.slice(threads, -turns); // at the end the others may be done
    for (const [i, thread] of contested.entries()) expect(thread).not.toBe(contested[i + 1]);
    expect(readdirSync(locks)).toEqual([]);
  });
});

describe("processes", () => {
  async function holding(): Promise<ChildProcess> {
    const holder = fork(child, { execArgv: [] });
    expect((await once(holder, "message"))[0]).toBe("has it");
    return holder;
  }

  it("wait for one another, say for whom, and can be cancelled meanwhile", async () => {
    const holder = await holding();
    const waits: DeviceWait[] = [];
    const controller = new AbortController();
    const given = inTurn(["webgpu"], { signal: controller.signal, onWait: (wait) => waits.push(wait) }, async () => 1);
    setTimeout(() => controller.abort("enough"), 300);
    await expect(given).rejects.toMatchObject(cancelled);
    expect(waits).toEqual([{ device: "webgpu", process: holder.pid }]);
    const events: ProgressEvent[] = [];
    const pipeline = await createPipeline(config, {
      onProgress: (event) => {
        events.push(event);
        if (event.kind === "wait") holder.send("end");
      },
    });
    expect(events[0]).toEqual({ kind: "wait", device: "webgpu", process: holder.pid });
    await pipeline.close();
  });

  it("do not wait for one that died, nor to close a pipeline", async () => {
    const pipeline = await createPipeline(config);
    const holder = await holding();
    await pipeline.close();
    expect(readdirSync(locks)).toHaveLength(1);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const start = performance.now();
    await inTurn(["webgpu"], {}, async () => undefined);
    expect(performance.now() - start).toBeLessThan(3000); // its last sign of life is younger
    expect(readdirSync(locks)).toEqual([]);
  });

  it("work without locks where none can be written", async () => {
    for (const name of ["SKIPSTEP_CACHE", "TMPDIR"]) vi.stubEnv(name, "/proc/none");
    expect(await inTurn(["webgpu"], {}, async () => 1)).toBe(1);
    vi.unstubAllEnvs();
  });

  it("need none on the CPU", async () => {
    const holder = await holding();
    expect(await inTurn(["cpu"], {}, async () => 1)).toBe(1);
    holder.send("end");
    await once(holder, "exit");
  });
});
