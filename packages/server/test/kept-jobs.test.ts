import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type ServerOptions, startServer } from "../src";
import { served } from "./served";

const { config, folder } = served();
const queue = { folder: join(folder, "queue") };
const blobs = join(queue.folder, "blobs");

interface Told {
  readonly id: string;
  readonly status: string;
}

/** A server on the folder while this runs. */
async function withServer<T>(
  options: Partial<ServerOptions>,
  body: (ask: (path: string, fields?: object) => Promise<Response>) => Promise<T>,
): Promise<T> {
  const models = [{ id: "emoji", config }];
  const server = await startServer({ models, port: 0, queue, cacheDir: join(folder, "cache"), ...options });
  try {
    return await body((path, fields) => {
      const headers = { "content-type": "application/json" };
      return fetch(`${server.url}${path}`, fields ? { method: "POST", body: JSON.stringify(fields), headers } : {});
    });
  } finally {
    await server.close();
  }
}

/** @returns ids of jobs, one after the other, when they are completed */
async function draw(ask: (path: string, fields?: object) => Promise<Response>, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { id } = (await (await ask("/v1/jobs", { prompt: "red heart", seed: i })).json()) as Told;
    const status = async (): Promise<string> => ((await (await ask(`/v1/jobs/${id}`)).json()) as Told).status;
    await expect.poll(status, { timeout: 30_000 }).toBe("completed");
    ids.push(id);
  }
  return ids;
}

const found = (ids: readonly string[], ask: (path: string) => Promise<Response>): Promise<boolean[]> =>
  Promise.all(ids.map(async (id) => (await ask(`/v1/jobs/${id}`)).status === 200));

it("are there for so many hours, also those of before; then they and their images are gone", async () => {
  const ids = await withServer({}, async (ask) => {
    const ids = await draw(ask, 2);
    expect(await found(ids, ask)).toEqual([true, true]);
    return ids;
  });
  const second = 1 / 3600;
  await withServer({ keptHours: 600 * second }, async (ask) => expect(await found(ids, ask)).toEqual([true, true]));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await withServer({ keptHours: second }, async (ask) => {
    await expect.poll(() => found(ids, ask)).toEqual([false, false]);
    await expect.poll(() => ids.some((id) => existsSync(join(blobs, id)))).toBe(false);
  });
  await withServer({}, async (ask) => expect(await found(ids, ask)).toEqual([false, false]));
});

it("have images of so many bytes, the newest of them in any case", async () => {
  await withServer({ keptGb: 1e-6 }, async (ask) => {
    const ids = await draw(ask, 3);
    await expect.poll(() => found(ids, ask)).toEqual([false, false, true]);
    await expect.poll(() => ids.map((id) => existsSync(join(blobs, id)))).toEqual([false, false, true]);
  });
  await withServer({ keptGb: 1 }, async (ask) => {
    const ids = await draw(ask, 2);
    expect(await found(ids, ask)).toEqual([true, true]);
  });
});
