import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type DeviceWait, inTurn } from "../src/runtime/device-turn";
import type { TurnsData } from "./device-turns-child";
import { holdingProcess, turnsChild } from "./device-turns-process";

const folder = mkdtempSync(join(tmpdir(), "skipstep-turns-"));
const locks = join(folder, "devices");
vi.stubEnv("SKIPSTEP_CACHE", folder);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("threads of a process", () => {
  it("never work at once, and none has two turns while others wait", async () => {
    const [threads, turns] = [3, 4];
    const memory = new SharedArrayBuffer(4 * (4 + threads * turns));
    const workers = Array.from({ length: threads }, (_, i) => {
      const workerData: TurnsData = { thread: i + 1, threads, turns, memory };
      return once(new Worker(turnsChild, { workerData, execArgv: [] }), "exit");
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
  it("wait for one another, say for whom, and can be cancelled meanwhile", async () => {
    const holder = await holdingProcess();
    const waits: DeviceWait[] = [];
    const controller = new AbortController();
    const given = inTurn(["webgpu"], { signal: controller.signal, onWait: (wait) => waits.push(wait) }, async () => 1);
    setTimeout(() => controller.abort("enough"), 300);
    await expect(given).rejects.toMatchObject({ code: "SKIPSTEP_CANCELLED" });
    expect(waits).toEqual([{ device: "webgpu", process: holder.pid }]);
    setTimeout(() => holder.send("end"), 100);
    expect(await inTurn(["webgpu"], {}, async () => 1)).toBe(1);
  });

  it("do not wait for one that died", async () => {
    const holder = await holdingProcess();
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
    vi.stubEnv("SKIPSTEP_CACHE", folder);
  });

  it("need none on the CPU", async () => {
    const holder = await holdingProcess();
    expect(await inTurn(["cpu"], {}, async () => 1)).toBe(1);
    holder.send("end");
    await once(holder, "exit");
  });
});
