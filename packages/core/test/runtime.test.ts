import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Runtime, type Session } from "../src/runtime/runtime";
import { type DType, floats, integers, type Tensor, type TensorData } from "../src/tensor";
import { writeModel } from "./tiny-onnx";

const addModel = writeModel({
  nodes: [["Add", ["a", "b"], "sum"]],
  inputs: { a: [1, ["n"]], b: [1, ["m"]] },
  outputs: { sum: [1, ["k"]] },
});

let runtime: Runtime;
let add: Session;
beforeAll(async () => {
  runtime = await Runtime.start({ provider: "cpu", threads: 1 });
  add = await runtime.open(addModel);
});
afterAll(() => runtime.close());

function vector(...values: number[]): Tensor<Float32Array> {
  return floats([values.length], Float32Array.from(values));
}

describe("sessions", () => {
  it("run on uploaded tensors", async () => {
    const { outputs, seconds } = await add.run({ a: runtime.upload(vector(1, 2)), b: runtime.upload(vector(10, 20)) });
    expect(await outputs.sum!.read()).toEqual(vector(11, 22));
    expect(outputs.sum).toMatchObject({ dtype: "float32", shape: [2], byteLength: 8 });
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(1);
  });

  it("name their inputs and outputs", () => {
    expect(add.inputNames).toEqual(["a", "b"]);
    expect(add.outputNames).toEqual(["sum"]);
  });

  it("take the output of one as the input of the next", async () => {
    const one = runtime.upload(vector(1));
    let sum = one;
    for (let i = 0; i < 5; i++) sum = (await add.run({ a: sum, b: one })).outputs.sum!;
    expect(await sum.read()).toEqual(vector(6));
  });

  it.each([false, true])("find weights beside the model, disablePrepacking %s", async (disablePrepacking) => {
    const data = Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 7) - 3);
    const path = writeModel({
      nodes: [["MatMul", ["x", "w"], "y"]],
      inputs: { x: [1, [1, 64]] },
      outputs: { y: [1, [1, 64]] },
      weights: { w: { dims: [64, 64], data } },
    });
    const session = await runtime.open(path, { disablePrepacking });
    const { outputs } = await session.run({ x: runtime.upload(floats([1, 64], new Float32Array(64).fill(1))) });
    const columns = Float32Array.from({ length: 64 }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < 64; i++) sum += data[i * 64 + j]!;
      return sum;
    });
    expect((await outputs.y!.read()).data).toEqual(columns); // small integers: exact in float32
    await session.close();
  });

  it("report a failing run in one line, with the file and ONNX Runtime's message, and go on", async () => {
    const run = add.run({ a: runtime.upload(vector(1, 2, 3)), b: runtime.upload(vector(1, 2)) });
    await expect(run).rejects.toMatchObject({
      code: "SKIPSTEP_RUN_FAILED",
      message: expect.stringContaining(addModel),
    });
    await expect(run).rejects.toThrow(/^[^\n]*Add node[^\n]*$/);
    await expect(run).rejects.not.toThrow("onnxruntime_src"); // where in its sources: in the cause only
    await expect(run).rejects.toMatchObject({ cause: expect.stringContaining("onnxruntime_src") });
    const { outputs } = await add.run({ a: runtime.upload(vector(1)), b: runtime.upload(vector(2)) });
    expect(await outputs.sum!.read()).toEqual(vector(3));
  });

  it("report a missing input", async () => {
    const run = add.run({ a: runtime.upload(vector(1)) });
    await expect(run).rejects.toMatchObject({ code: "SKIPSTEP_RUN_FAILED", message: expect.stringContaining("'b'") });
  });

  it("are refused after close", async () => {
    const session = await runtime.open(addModel);
    await session.close();
    await session.close();
    const run = session.run({ a: runtime.upload(vector(1)), b: runtime.upload(vector(1)) });
    await expect(run).rejects.toMatchObject({ code: "SKIPSTEP_SESSION_CLOSED" });
  });

  it("finish a run before they close", async () => {
    const session = await runtime.open(addModel);
    const run = session.run({ a: runtime.upload(vector(1)), b: runtime.upload(vector(1)) });
    await session.close();
    expect(await (await run).outputs.sum!.read()).toEqual(vector(2));
  });

  it("take a few times what a message to a thread and back takes, medians of 200 in turns", async () => {
    const [a, b] = [runtime.upload(vector(1)), runtime.upload(vector(2))];
    const echo = new Worker(
      'const { parentPort } = require("worker_threads"); parentPort.on("message", (x) => parentPort.postMessage(x));',
      { eval: true },
    );
    const times: [run: number, message: number][] = [];
    for (let i = 0; i < 200; i++) {
      const start = performance.now();
      const { outputs } = await add.run({ a, b });
      const between = performance.now();
      echo.postMessage(i);
      await once(echo, "message");
      times.push([between - start, performance.now() - between]);
      outputs.sum!.release();
    }
    await echo.terminate();
    const [run, message] = [0, 1].map((i) => times.map((pair) => pair[i]!).sort((x, y) => x - y)[100]!);
    expect(run! / message!).toBeLessThan(8); // 1 ms at most on an idle machine
  });

  it("let their threads sleep between runs", async () => {
    const size = 512;
    const two = await Runtime.start({ provider: "cpu", threads: 2 });
    const path = writeModel({
      nodes: [["MatMul", ["x", "x"], "y"]],
      inputs: { x: [1, [size, size]] },
      outputs: { y: [1, [size, size]] },
    });
    const session = await two.open(path);
    const x = two.upload(floats([size, size]));
    let microseconds = 0;
    for (let i = 0; i < 20; i++) {
      await session.run({ x });
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 20));
      const { user, system } = process.cpuUsage(before);
      microseconds += user + system;
    }
    expect(microseconds / 20).toBeLessThan(5000); // of 20 ms; threads that spin take all of it
    await two.close();
  });

  it("leave the event loop free while they run", async () => {
    const size = 1024;
    const path = writeModel({
      nodes: Array.from({ length: 12 }, (_, i) => ["MatMul", [`x${i}`, "x0"], `x${i + 1}`] as const),
      inputs: { x0: [1, [size, size]] },
      outputs: { x12: [1, [size, size]] },
    });
    const session = await runtime.open(path);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const { seconds } = await session.run({ x0: runtime.upload(floats([size, size])) });
    clearInterval(timer);
    expect(seconds).toBeGreaterThan(0.05);
    expect(ticks).toBeGreaterThan(2); // of ten at least on an idle machine; a loop that waits has one
    await session.close();
  });
});

describe("models that cannot be opened", () => {
  it("give the path: no such file", async () => {
    const opening = runtime.open("/nowhere/model.onnx");
    await expect(opening).rejects.toMatchObject({ code: "SKIPSTEP_SESSION_FAILED" });
    await expect(opening).rejects.toThrow(/^\/nowhere\/model\.onnx cannot be loaded: [^\n]+$/);
  });

  it("give the path: no ONNX model", async () => {
    const path = join(addModel, "..", "noise.onnx");
    writeFileSync(path, "no model at all");
    const opening = runtime.open(path);
    await expect(opening).rejects.toMatchObject({
      code: "SKIPSTEP_SESSION_FAILED",
      message: expect.stringContaining(path),
    });
  });

  it("give the type that the runtime does not carry", async () => {
    const path = writeModel({ nodes: [["Neg", ["x"], "y"]], inputs: { x: [11, [1]] }, outputs: { y: [11, [1]] } });
    await expect(runtime.open(path)).rejects.toThrow('"x" is float64, and the runtime carries float32, float16');
  });
});

describe("uploads", () => {
  const cases: readonly [DType, number, TensorData][] = [
    ["float32", 1, Float32Array.of(1.5, -0, Number.NaN)],
    ["float16", 10, Uint16Array.of(0x3c00, 0xc000, 0x7e00)],
    ["int64", 7, BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 53n + 1n)],
    ["int32", 6, Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)],
    ["uint8", 2, Uint8Array.of(0, 128, 255)],
    ["int8", 3, Int8Array.of(-128, 0, 127)],
    ["bool", 9, Uint8Array.of(0, 1, 1)],
  ];

  it.each(cases)("come back as they were, and through a session: %s", async (dtype, onnxType, data) => {
    const tensor = { dtype, shape: [3, 1], data };
    const uploaded = runtime.upload(tensor);
    expect(await uploaded.read()).toEqual(tensor);
    expect(uploaded.byteLength).toBe(data.byteLength);
    const dims = [onnxType, [3, 1]] as const;
    const path = writeModel({ nodes: [["Identity", ["x"], "y"]], inputs: { x: dims }, outputs: { y: dims } });
    const session = await runtime.open(path);
    const { outputs } = await session.run({ x: uploaded });
    expect(await outputs.y!.read()).toEqual(tensor);
    await session.close();
  });

  it("copy, so that the caller may go on writing; read copies as well", async () => {
    const data = Float32Array.of(1, 2);
    const uploaded = runtime.upload(floats([2], data));
    data[0] = 9;
    const first = (await uploaded.read()).data;
    expect(first).toEqual(Float32Array.of(1, 2));
    first[0] = 9;
    expect((await uploaded.read()).data).toEqual(Float32Array.of(1, 2));
  });

  it("hand over with transfer, but never more than the tensor itself", async () => {
    const whole = Float32Array.of(1, 2);
    const kept = runtime.upload(floats([2], whole), { transfer: true });
    expect(whole.length).toBe(0);
    expect((await kept.read()).data).toEqual(Float32Array.of(1, 2));
    const part = Float32Array.of(1, 2, 3).subarray(1);
    runtime.upload(floats([2], part), { transfer: true });
    expect(part).toEqual(Float32Array.of(2, 3));
  });

  it("take a shared buffer and Node buffers", async () => {
    const shared = new Float32Array(new SharedArrayBuffer(8));
    shared.set([3, 4]);
    const b = runtime.upload(vector(1, 1));
    const { outputs } = await add.run({ a: runtime.upload(floats([2], shared), { transfer: true }), b });
    expect(await outputs.sum!.read()).toEqual(vector(4, 5));
    const pooled = Buffer.from("abc");
    const bytes = runtime.upload({ dtype: "uint8", shape: [3], data: pooled }, { transfer: true });
    expect((await bytes.read()).data).toEqual(Uint8Array.of(97, 98, 99));
    expect(pooled.toString()).toBe("abc");
    const own = Buffer.alloc(3, 7); // its slice() would share, and the transfer empty it
    runtime.upload({ dtype: "uint8", shape: [3], data: own });
    expect([...own]).toEqual([7, 7, 7]);
  });

  it.each<[string, Tensor, string]>([
    [
      "a type that is not carried",
      { dtype: "bfloat16", shape: [1], data: Uint16Array.of(0) },
      "the runtime carries float32",
    ],
    [
      "another array",
      { dtype: "float32", shape: [1], data: Float64Array.of(0) },
      "must be a Float32Array, found Float64Array",
    ],
    ["another size", { ...integers([2], [1, 2]), shape: [3] }, "its shape has 3 elements, its data 2"],
  ])("refuse %s", (_what, tensor, message) => {
    expect(() => runtime.upload(tensor)).toThrow(message);
    expect(() => runtime.upload(tensor)).toThrow(expect.objectContaining({ code: "SKIPSTEP_TENSOR_INVALID" }));
  });
});

describe("providers", () => {
  it("that are not available give those that are", async () => {
    const start = Runtime.start({ provider: "cuda" });
    await expect(start).rejects.toMatchObject({ code: "SKIPSTEP_PROVIDER_UNAVAILABLE" });
    await expect(start).rejects.toThrow(/^Provider "cuda" is not available: .+ Available here: cpu[^\n]*\.$/);
  });

  it("that are misspelt give the nearest", async () => {
    await expect(Runtime.start({ provider: "CPU" })).rejects.toThrow('Did you mean "cpu"?');
  });
});
