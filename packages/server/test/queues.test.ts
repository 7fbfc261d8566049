import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPipeline } from "@skipstep/core";
import { Worker } from "bullmq";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { command } from "../../../test/built/packages";
import { type Database, programs, startPostgres, startRedis } from "../../../test/databases";
import { engineCache } from "../../../test/run-folder";
import { type ImageServer, type ImageWorker, type QueueOptions, startServer, startWorker } from "../src";
import type { Answer } from "./served";

const root = join(import.meta.dirname, "../../..");

interface Described {
  readonly id: string;
  readonly status: string;
  readonly place: number | null;
  readonly started_at: number;
  readonly images: { url: string; seed: number }[];
  readonly error: { code: string } | null;
  readonly progress: { step: number } | null;
}

/** A queue, with a server that accepts, and whoever draws: the server itself, or a worker. */
class Site {
  readonly folder = mkdtempSync(join(tmpdir(), "skipstep-queues-"));
  readonly config = join(this.folder, "emoji.json");
  queue!: QueueOptions;
  server: ImageServer | undefined;
  worker: ImageWorker | undefined;
  child: ChildProcess | undefined;

  constructor(private readonly database: (() => Promise<Database>) | undefined) {
    const generate = { num_inference_steps: 2, seed: 1 };
    writeFileSync(this.config, JSON.stringify({ extends: join(root, "configs/emoji.json"), generate }));
    mkdirSync(join(this.folder, "blobs"));
  }

  get models() {
    return [{ id: "emoji", config: this.config }];
  }

  started: Database | undefined;

  async prepare(): Promise<void> {
    this.started = await this.database?.();
    this.queue = this.started
      ? { url: this.started.url, blobs: join(this.folder, "blobs") }
      : { folder: join(this.folder, "queue") };
  }

  async open(): Promise<void> {
    await this.openServer();
    await this.openWorker();
  }

  async openServer(): Promise<void> {
    const { models, queue } = this;
    const limits = { steps: 1000, requestsPerMinute: 100_000 };
    this.server = await startServer({ models, queue, port: 0, cacheDir: engineCache, limits, graceSeconds: 0 });
  }

  async openWorker(): Promise<void> {
    const { models, queue } = this;
    if (this.started)
      this.worker = await startWorker({ models, queue, cacheDir: engineCache, lockSeconds: 2, graceSeconds: 0 });
  }

  async close(): Promise<void> {
    await this.closeWorker();
    await this.server?.close();
    this.server = undefined;
  }

  async closeWorker(): Promise<void> {
    await this.worker?.close();
    this.worker = undefined;
  }

  /** Whoever draws in a process of its own, so that it can be killed. */
  async openChild(): Promise<string> {
    const { queue } = this;
    const place =
      queue.url === undefined ? ["--queue", queue.folder!] : ["--queue", queue.url, "--blobs", queue.blobs!];
    const verb = queue.url === undefined ? ["serve", "--port", "0", "--max-rate", "99999"] : ["worker", "--lock", "2"];
    const args = [...command, ...verb, this.config, ...place, "--cache", engineCache];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    this.child = child;
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    await expect.poll(() => said, { timeout: 120_000 }).toMatch(/Listening|Draws/);
    return /http\S+(?=\. )/.exec(said)?.[0] ?? this.server!.url;
  }

  async ask(path: string, body?: unknown, init: RequestInit = {}, url = this.server!.url): Promise<Answer> {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers };
    return fetch(`${url}${path}`, { ...sent, ...init });
  }

  async job(fields: object = {}, url = this.server?.url): Promise<Described> {
    return (await this.ask("/v1/jobs", { prompt: "red heart", ...fields }, {}, url)).json();
  }

  async look({ id }: { id: string }, url = this.server!.url): Promise<Described> {
    return (await this.ask(`/v1/jobs/${id}`, undefined, {}, url)).json();
  }

  async until(job: { id: string }, status: string, url = this.server!.url): Promise<Described> {
    await expect.poll(async () => (await this.look(job, url)).status, { timeout: 60_000, interval: 50 }).toBe(status);
    return this.look(job, url);
  }

  async drawn({ images }: Described): Promise<Buffer> {
    return Buffer.from(await (await fetch(`${this.server!.url}${images[0]!.url}`)).arrayBuffer());
  }

  /** What the images of jobs must be. */
  async expected(request: object): Promise<Buffer> {
    const pipeline = await createPipeline(this.config, { cacheDir: engineCache });
    try {
      const { images } = await pipeline.generate({ prompt: "red heart", ...request });
      return Buffer.from(await images[0]!.toPng());
    } finally {
      await pipeline.close();
    }
  }

  async end(): Promise<void> {
    this.child?.kill("SIGKILL");
    await this.close();
    await this.started?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const waits = ({ status }: Described): boolean => status === "queued" || status === "running";

const kinds = [
  { kind: "a folder", database: undefined, isMissing: false },
  { kind: "Redis", database: startRedis, isMissing: programs.redis === undefined },
  { kind: "PostgreSQL", database: startPostgres, isMissing: programs.postgres === undefined },
];

describe.each(kinds)("a queue in $kind", ({ kind, database, isMissing }) => {
  if (isMissing) {
    it.skip(`is not tested: ${kind} is not installed`);
    return;
  }
  const site = new Site(database);
  beforeAll(async () => {
    await site.prepare();
    await site.open();
  });
  afterAll(() => site.end());

  it("has jobs drawn as generate draws, with their pictures, and keeps no picture longer than the job", async () => {
    const job = await site.until(await site.job({ seed: 3 }), "completed");
    const png = await site.drawn(job);
    expect(png.equals(await site.expected({ seed: 3 }))).toBe(true);
    const { id } = await site.job({ seed: 4, image: png.toString("base64"), strength: 1, previews: 1 });
    const events = await (await site.ask(`/v1/jobs/${id}/events`)).text();
    expect(events).toContain("event: preview");
    const edited = await site.until({ id }, "completed");
    const image = join(site.folder, "image");
    writeFileSync(image, png);
    expect((await site.drawn(edited)).equals(await site.expected({ seed: 4, image, strength: 1 }))).toBe(true);
    const blobs = join(site.queue.blobs ?? join(site.queue.folder!, "blobs"), id);
    await expect.poll(() => readdirSync(blobs).includes("uploads"), { timeout: 30_000 }).toBe(false);
  });

  it("gives out those of a higher priority first, and cancels what waits and what runs within 2 s", async () => {
    const running = await site.job({ num_inference_steps: 900 });
    await site.until(running, "running");
    const later = await site.job();
    const [sooner, unwanted] = [await site.job({ priority: 5 }), await site.job({ priority: 9 })];
    const place = async (): Promise<number | null> => (await site.look(later)).place;
    await expect.poll(place, { timeout: 30_000 }).toBe(2);
    const begin = performance.now();
    for (const job of [unwanted, running]) {
      expect((await site.look(running)).status).toBe("running"); // a job that waits is over before somebody could take it
      await site.ask(`/v1/jobs/${job.id}`, undefined, { method: "DELETE" });
      await site.until(job, "cancelled");
      if (job === unwanted) await expect.poll(place, { timeout: 30_000 }).toBe(1); // nobody waits behind it
    }
    expect(performance.now() - begin).toBeLessThan(30_000); // 2 s where the machine does nothing else
    const [first, second] = await Promise.all([sooner, later].map((job) => site.until(job, "completed")));
    expect(first!.started_at).toBeLessThan(second!.started_at);
    expect((await site.look(unwanted)).images).toEqual([]);
  });

  it("has jobs when the server is closed and opened again, in their order, and no awaited ones", async () => {
    const done = await site.until(await site.job({ seed: 7 }), "completed");
    const long = await site.job({ num_inference_steps: 900 });
    await site.until(long, "running");
    const waiting = await site.job({ seed: 8 });
    const awaited = site.ask("/v1/images/generations", { prompt: "red heart" });
    const count = async () => (await (await site.ask("/v1/jobs")).json()).data.filter(waits).length;
    await expect.poll(count, { timeout: 30_000 }).toBe(3);
    await site.close();
    expect((await awaited).ok).toBe(false);
    await site.openServer();
    expect((await site.look(long)).status).toBe(database ? "queued" : "running"); // handed back, not drawn to its end
    await site.openWorker();
    await site.ask(`/v1/jobs/${long.id}`, undefined, { method: "DELETE" });
    await site.until(waiting, "completed");
    expect((await site.drawn(await site.look(done))).equals(await site.expected({ seed: 7 }))).toBe(true);
    await expect.poll(count, { timeout: 30_000 }).toBe(0);
  });

  if (database)
    it("has a job handed back that a worker takes while it stops, when its seconds are over", async () => {
      const { getNextJob } = Worker.prototype;
      const [grace, taken] = [new EventEmitter(), new EventEmitter()];
      const isTaken = once(taken, "taken");
      // As where the answer of the database is on its way when the worker is told to stop.
      const slow = vi.spyOn(Worker.prototype, "getNextJob").mockImplementation(async function (
        this: Worker,
        ...wanted: Parameters<typeof getNextJob>
      ) {
        const job = await getNextJob.apply(this, wanted);
        if (!job) return job;
        taken.emit("taken");
        await once(grace, "over");
        return job;
      });
      const job = await site.job({ num_inference_steps: 900 });
      await isTaken;
      const closed = site.closeWorker();
      await new Promise((resolve) => setTimeout(resolve, 50)); // of grace it has none
      grace.emit("over");
      await closed;
      slow.mockRestore();
      await site.until(job, "queued");
      await site.ask(`/v1/jobs/${job.id}`, undefined, { method: "DELETE" });
      await site.openWorker();
    });

  if (database)
    it("tells of a job that a worker gave back that it waits, and cancels it at once", async () => {
      const job = await site.job({ num_inference_steps: 900 });
      await site.until(job, "running");
      await site.closeWorker();
      expect((await site.until(job, "queued")).progress).toBeNull();
      await site.ask(`/v1/jobs/${job.id}`, undefined, { method: "DELETE" });
      expect((await site.look(job)).status).toBe("cancelled");
      await site.openWorker();
    });

  it("loses nothing when whoever draws is killed", async () => {
    await (database ? site.closeWorker() : site.close());
    const url = await site.openChild();
    const running = await site.job({ num_inference_steps: 120, seed: 5 }, url);
    const waiting = await site.job({ seed: 6 }, url);
    await site.until(running, "running", url);
    const answer = site.ask("/v1/images/generations", { prompt: "red heart" }, {}, url).catch(() => undefined);
    const newest = async (): Promise<string> =>
      (await (await site.ask("/v1/jobs", undefined, {}, url)).json()).data[0].id;
    await expect.poll(newest, { timeout: 30_000 }).not.toBe(waiting.id);
    const awaited = { id: await newest() };
    const ended = once(site.child!, "exit");
    site.child!.kill("SIGKILL");
    await ended;
    await (database ? site.openWorker() : site.open());
    const [first, second] = await Promise.all([running, waiting].map((job) => site.until(job, "completed")));
    if (!database) expect(first!.started_at).toBeLessThan(second!.started_at); // a worker's death is known later
    // Nobody waits any more where the server was killed, too.
    await site.until(awaited, database ? "completed" : "cancelled");
    expect((await answer)?.ok).toBe(database ? true : undefined);
    expect((await site.drawn(second!)).equals(await site.expected({ seed: 6 }))).toBe(true);
  });
});
