import { Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { DeviceStore } from "../src/runtime/device-store";
import { WorkerValues } from "../src/runtime/worker-values";
import { deviceInMainMemory } from "./threads/device-in-main-memory";
import { writeModel } from "./tiny-onnx";

/** y = 2 x, for vectors. */
const twice = writeModel({ nodes: [["Add", ["x", "x"], "y"]], inputs: { x: [1, ["n"]] }, outputs: { y: [1, ["n"]] } });
const vector = (...values: number[]): Tensor => new Tensor("float32", Float32Array.from(values), [values.length]);

async function opened() {
  const store = new DeviceStore(deviceInMainMemory, {});
  const values = new WorkerValues();
  const session = await store.open(twice, {});
  const double = async (from: number, to: number) => {
    const { results } = await store.run(session, { x: await values.feed(from, store) }, ["y"]);
    values.put(to, results.y!, store, session);
  };
  return { store, values, session, double };
}

it("keeps what runs give on the device, and copies what is asked for", async () => {
  const { store, values, session, double } = await opened();
  values.put(1, vector(1, 2, 3));
  await double(1, 2);
  await double(2, 3);
  expect(values.takeCopied()).toEqual({ toDevice: 12, toMain: 0 });
  await double(3, 4);
  expect(values.takeCopied()).toBeUndefined();
  expect(values.storeOf([1])).toBeUndefined();
  expect(values.storeOf([1, 4])).toBe(store);
  expect((await values.read(4)).data).toEqual(Float32Array.of(8, 16, 24));
  expect(values.takeCopied()).toEqual({ toDevice: 0, toMain: 12 });
  values.drop([1, 2, 3, 4]);
  await session.release();
  await store.close();
});

it("brings what is read twice on the device to it, and lets go of all that it was told to", async () => {
  const before = deviceInMainMemory.alive;
  const { store, values, session, double } = await opened();
  values.put(1, vector(1));
  for (const made of [2, 3, 4]) await double(1, made);
  expect(values.takeCopied()).toEqual({ toDevice: 8, toMain: 0 }); // by the first run, and to stay
  // Three results, what stays of the first one's input, and the one element that is waited with.
  expect(deviceInMainMemory.alive).toBe(before + 5);
  expect(values.isOn(store)).toBe(true);
  values.drop([1, 2, 3, 4]);
  expect(values.isOn(store)).toBe(false);
  await session.release();
  await store.close();
  expect(deviceInMainMemory.alive).toBe(before);
});

it("copies what a session made before it goes", async () => {
  const { store, values, session, double } = await opened();
  values.put(1, vector(5, 7));
  await double(1, 2);
  const made = await values.feed(2, store);
  await values.leave(session);
  await session.release();
  expect(await values.feed(2, store)).not.toBe(made);
  expect(() => made.gpuBuffer).toThrow(); // it was let go of
  expect(values.takeCopied()).toEqual({ toDevice: 8, toMain: 0 });
  expect((await values.read(2)).data).toEqual(Float32Array.of(10, 14));
  values.drop([1, 2]);
  await store.close();
});

it("lets go of all that lies on a device that is lost, and has what main memory has", async () => {
  const before = deviceInMainMemory.alive;
  const { store, values, session, double } = await opened();
  values.put(1, vector(5));
  for (const made of [2, 3]) await double(1, made);
  values.lose(store);
  await store.close();
  expect(deviceInMainMemory.alive).toBe(before);
  await expect(values.read(2)).rejects.toThrow("could not be made");
  await double(1, 2);
  expect((await values.read(2)).data).toEqual(Float32Array.of(10));
  values.drop([1, 2]);
  await session.release();
  await store.close();
});

it("keeps empty tensors in main memory", async () => {
  const { store, values, session, double } = await opened();
  values.put(1, vector());
  await double(1, 2);
  expect((await values.read(2)).dims).toEqual([0]);
  expect(values.takeCopied()).toEqual({ toDevice: 0, toMain: 0 });
  values.drop([1, 2]);
  await session.release();
  await store.close();
});

it("waits for a few runs of each kind, and takes later ones to be as long", async () => {
  const { store, values, session } = await opened();
  values.put(1, vector(1));
  const seconds: number[] = [];
  for (let i = 0; i < 6; i++)
    seconds.push((await store.run(session, { x: await values.feed(1, store) }, ["y"])).seconds);
  const middle = seconds.slice(1, 4).sort((a, b) => a - b)[1];
  expect(seconds.slice(4)).toEqual([middle, middle]);
  await session.release();
  await store.close();
});
