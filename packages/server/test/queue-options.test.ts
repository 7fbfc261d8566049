import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { expect, it } from "vitest";
import { startServer, startWorker } from "../src";
import { served } from "./served";

const server = served();
const models = [{ id: "emoji", config: server.config }];

it("in a folder is one server's at a time: the second is told the folder and who has it", async () => {
  const folder = join(server.folder, "queue");
  const first = await startServer({ models, port: 0, queue: { folder } });
  try {
    const second = startServer({ models, port: 0, queue: { folder } });
    await expect(second).rejects.toMatchObject({ code: "SKIPSTEP_QUEUE_TAKEN" });
    await expect(second).rejects.toThrow(folder);
    await expect(second).rejects.toThrow(`process ${process.pid} on`);
  } finally {
    await first.close();
  }
  const third = await startServer({ models, port: 0, queue: { folder } });
  await third.close();
});

it("in a folder of this address, where none is named", async () => {
  const stateDir = join(server.folder, "state");
  const memory = await startServer({ models, port: 0, stateDir });
  const port = Number(new URL(memory.url).port);
  await memory.close();
  expect(existsSync(stateDir)).toBe(false);
  const kept = await startServer({ models, port, stateDir });
  await kept.close();
  expect(existsSync(join(stateDir, `127.0.0.1-${port}`, "jobs.db"))).toBe(true);
});

it("what came with requests that were never accepted is gone at the start", async () => {
  const folder = join(server.folder, "swept");
  const blobs = join(folder, "blobs/unknown/uploads");
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, "image-0"), "x");
  await (await startServer({ models, port: 0, queue: { folder } })).close();
  expect(existsSync(join(folder, "blobs/unknown"))).toBe(false);
});

it.each([
  [{ folder: "a", url: "redis://127.0.0.1" }, "SKIPSTEP_SERVER_OPTION"],
  [{ url: "redis://127.0.0.1" }, "SKIPSTEP_SERVER_OPTION"],
  [{ blobs: "a" }, "SKIPSTEP_SERVER_OPTION"],
  [{ url: "amqp://127.0.0.1", blobs: "a" }, "SKIPSTEP_SERVER_OPTION"],
  [{ url: "redis://127.0.0.1:1", blobs: "a" }, "SKIPSTEP_QUEUE_UNREACHABLE"],
  [{ url: "postgres://127.0.0.1:1/none", blobs: "a" }, "SKIPSTEP_QUEUE_UNREACHABLE"],
])("%j is refused with %s", async (queue, code) => {
  await expect(startServer({ models, port: 0, queue })).rejects.toMatchObject({ code });
});

it("of a worker must be one that servers share", async () => {
  await expect(startWorker({ models })).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
  await expect(startWorker({ models: [] })).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
});

it("is the configs', which must be of one mind, and its folders are beside the config", async () => {
  const write = (name: string, queue: object): string => {
    const file = join(server.folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ extends: "./emoji.json", queue }));
    return file;
  };
  const [one, other] = [write("one", { folder: "jobs" }), write("other", { folder: "others" })];
  const { config } = await validateConfig(one);
  expect(config.queue).toEqual({ folder: join(server.folder, "jobs") });
  await (await startServer({ models: [{ id: "one", config: one }], port: 0 })).close();
  expect(existsSync(join(server.folder, "jobs/jobs.db"))).toBe(true);
  const both = [one, other].map((file) => ({ id: file.slice(-8), config: file }));
  await expect(startServer({ models: both, port: 0 })).rejects.toMatchObject({ code: "SKIPSTEP_SERVER_OPTION" });
  const shared = await validateConfig(write("shared", { url: "redis://:secret@127.0.0.1", blobs: "s3://b/c" }));
  expect(shared.config.queue).toEqual({ url: "redis://:secret@127.0.0.1", blobs: "s3://b/c" });
});
