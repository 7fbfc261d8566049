import { execFile } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Calls } from "../src/runtime/protocol";
import { Runtime, type Session } from "../src/runtime/runtime";
import { WorkerLink } from "../src/runtime/worker-link";
import { floats } from "../src/tensor";
import { temporaryFolder } from "./checkpoint-files";
import { keepNoRuntime } from "./kept-runtime";
import { writeModel } from "./tiny-onnx";

const stopped = { code: "SKIPSTEP_RUNTIME_STOPPED" };
const size = 512;
const folder = temporaryFolder();
const product = productBy(1);
const row = floats([1, size], new Float32Array(size).fill(2));

beforeAll(keepNoRuntime);

const engines: Runtime[] = [];
afterEach(async () => {
  for (const runtime of engines.splice(0)) await runtime.close();
});

async function start(): Promise<Runtime> {
  const runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  engines.push(runtime);
  return runtime;
}

/** A model that gives the mean of each row, so often. */
function productBy(factor: number): string {
  return writeModel({
    nodes: [["MatMul", ["x", "w"], "y"]],
    inputs: { x: [1, ["n", size]] },
    outputs: { y: [1, ["n", size]] },
    weights: { w: { dims: [size, size], data: new Float32Array(size * size).fill(factor / size) } },
  });
}

/** Puts a model in another's place. */
function replace(file: string, model: string): void {
  cpSync(dirname(model), dirname(file), { recursive: true });
}

async function product0(runtime: Runtime, session: Session): Promise<number> {
  const { outputs } = await session.run({ x: runtime.upload(row) });
  return Number((await outputs.y!.read()).data[0]);
}

/** Worker threads that start while `body` runs. */
async function workersOf<T>(body: () => Promise<T>): Promise<{ workers: Worker[]; result: T }> {
  const workers: Worker[] = [];
  const note = (worker: Worker): number => workers.push(worker);
  process.on("worker", note);
  const result = await body();
  process.off("worker", note);
  return { workers, result };
}

describe("engines", () => {
  it("share one worker, which ends after the last close", async () => {
    const { workers, result } = await workersOf(async () => [await start(), await start()] as const);
    expect(workers.length).toBe(1);
    const ended = new Promise((resolve) => workers[0]!.once("exit", resolve));
    const [one, two] = result;
    const [first, second] = [await one.open(product), await two.open(product)];
    expect(await product0(one, first)).toBeCloseTo(2, 5);
    await one.close();
    expect(await product0(two, second)).toBeCloseTo(2, 5);
    await two.close();
    await ended;
    const again = await start();
    expect(await product0(again, await again.open(product))).toBeCloseTo(2, 5);
  });

  it("share a model that is open, for as long as one of them uses it, and as its file is", async () => {
    const [one, two] = [await start(), await start()];
    const calls = vi.spyOn(WorkerLink.prototype, "call");
    const made = (): (string | number)[][] => {
      const asked = calls.mock.calls.map(([name, ask]) => [name, ask] as const);
      calls.mockClear();
      return asked.flatMap(([name, ask]) => {
        if (name === "open") return [["open"]];
        return name === "close" ? [["close", (ask as Calls["close"]["ask"]).sessions.length]] : [];
      });
    };
    const file = join(folder, "shared", basename(product));
    replace(file, product);
    const sessions = [await one.open(file), await one.open(file), await two.open(file)];
    expect(made()).toEqual([["open"]]);
    await two.open(file, { disablePrepacking: true }); // another model
    expect(made()).toEqual([["open"]]);
    await sessions[0]!.close();
    await sessions[0]!.close();
    await expect(product0(one, sessions[0]!)).rejects.toThrow(/closed/);
    await one.close();
    expect(made()).toEqual([
      ["close", 0],
      ["close", 0],
    ]);
    expect(await product0(two, sessions[2]!)).toBeCloseTo(2, 5);
    replace(file, productBy(3));
    const changed = await two.open(file);
    expect(made()).toEqual([["open"]]);
    expect(await product0(two, changed)).toBeCloseTo(6, 5);
    expect(await product0(two, sessions[2]!)).toBeCloseTo(2, 5);
    await two.close();
    expect(made()).toEqual([["close", 3]]);
    calls.mockRestore();
  });

  it("open a model anew after it could not be opened", async () => {
    const runtime = await start();
    const file = join(folder, "late", basename(product));
    for (const _ of [1, 2]) await expect(runtime.open(file)).rejects.toMatchObject({ code: "SKIPSTEP_SESSION_FAILED" });
    replace(file, product);
    expect(await product0(runtime, await runtime.open(file))).toBeCloseTo(2, 5);
  });

  it("refuse everything after close, which may be called twice", async () => {
    const runtime = await start();
    const session = await runtime.open(product);
    const tensor = runtime.upload(row);
    const other = await start(); // the worker stays: it is the runtime that refuses
    await runtime.close();
    await runtime.close();
    await session.close();
    await expect(runtime.open(product)).rejects.toMatchObject(stopped);
    await expect(session.run({ x: tensor })).rejects.toMatchObject(stopped);
    await expect(tensor.read()).rejects.toMatchObject(stopped);
    await expect(runtime.pass(async () => 1)).rejects.toMatchObject(stopped);
    await expect(runtime.generation(async () => 1)).rejects.toMatchObject(stopped);
    expect(() => runtime.upload(row)).toThrow(expect.objectContaining(stopped));
    await expect(other.open(product).then((opened) => opened.run({ x: tensor }))).rejects.toMatchObject({
      code: "SKIPSTEP_TENSOR_EXPIRED",
    });
  });

  it("finish the run under way when they are closed", async () => {
    const runtime = await start();
    const session = await runtime.open(product);
    const run = session.run({ x: runtime.upload(row) });
    const later = runtime.generation(() => session.run({ x: runtime.upload(row) }));
    const refused = expect(later).rejects.toMatchObject(stopped);
    await runtime.close();
    const { outputs } = await run;
    expect(outputs.y).toMatchObject({ shape: [1, size] });
    await expect(outputs.y!.read()).rejects.toMatchObject(stopped);
    await refused;
  });

  it("reject what is under way when the worker dies; the next one starts anew", async () => {
    const { workers, result: runtime } = await workersOf(start);
    const session = await runtime.open(product);
    const tensor = runtime.upload(row);
    workers[0]!.postMessage(null); // not a message: it dies before it reads the next ones
    const run = expect(session.run({ x: tensor })).rejects.toMatchObject(stopped);
    const opening = expect(runtime.open(productBy(2))).rejects.toThrow(/its worker thread ended \(Cannot .*null/);
    await Promise.all([run, opening]);
    await expect(tensor.read()).rejects.toMatchObject(stopped);
    await session.close();
    const next = await start();
    await runtime.close();
    expect(await product0(next, await next.open(product))).toBeCloseTo(2, 5);
  });

  it("give back the memory of sessions and tensors: 30 rounds grow the process by less than 60 MB", async () => {
    const runtime = await start();
    const rows = 4096; // 8 MiB in, 8 MiB out, 1 MiB of weights: 510 MiB in all if nothing were freed
    const round = (): Promise<void> =>
      runtime.pass(async () => {
        const session = await runtime.open(product);
        const { outputs } = await session.run({ x: runtime.upload(floats([rows, size]), { transfer: true }) });
        await outputs.y!.read();
        await session.close();
      });
    for (let i = 0; i < 8; i++) await round(); // until the collector has found its rhythm
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 30; i++) await round();
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(60);
  });
});

describe("a process", () => {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const runtimeFile = new URL("../src/runtime/runtime.ts", import.meta.url).href;

  /** Runs a script with an runtime, a session of `model` and its input `x` in a process of its own. */
  async function run(model: string, body: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
    const file = join(product, "..", "script.mts");
    const script = `
      import { Runtime } from ${JSON.stringify(runtimeFile)};
      const runtime = await Runtime.start({ provider: "cpu" });
      const session = await runtime.open(${JSON.stringify(model)});
      const x = runtime.upload({ dtype: "float32", shape: [${size}, ${size}], data: new Float32Array(${size * size}) });
      ${body}`;
    writeFileSync(file, script);
    const started = promisify(execFile)(process.execPath, ["--import", tsx, file], { timeout: 200_000 });
    return started.then(
      (output) => ({ code: 0, ...output }),
      (error: { code: unknown; stdout: string; stderr: string }) => error,
    );
  }

  it("ends by itself although its runtime was never closed, but not before its run is done", async () => {
    const output = await run(product, `console.log((await session.run({ x })).outputs.y.shape.join());`);
    expect(output).toEqual({ code: 0, stdout: `${size},${size}\n`, stderr: "" });
  });

  it("may exit in the middle of a run, with its own exit code", async () => {
    const long = writeModel({
      nodes: Array.from({ length: 100 }, (_, i) => ["MatMul", [i === 0 ? "x" : `x${i}`, "x"], `x${i + 1}`] as const),
      inputs: { x: [1, [size, size]] },
      outputs: { x100: [1, [size, size]] },
    });
    const body = `
      void session.run({ x }).then(() => console.log("too late"));
      void session.run({ x });
      setTimeout(() => process.exit(3), 30);`;
    expect(await run(long, body)).toMatchObject({ code: 3, stdout: "", stderr: "" });
  });
});
