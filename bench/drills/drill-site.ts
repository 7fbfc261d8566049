import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ImageServer, startServer } from "../../packages/server/src/index";
import { command } from "../../test/built/packages";
import type { Database } from "../../test/databases";

const root = join(import.meta.dirname, "../..");

/** Seconds after which a worker that says nothing is dead: short, so that a drill ends. */
const lock = 3;

/** A job as the server tells it. */
export interface ToldJob {
  readonly id: string;
  readonly status: string;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly images: readonly { readonly url: string }[];
  readonly error: { readonly code: string } | null;
}

/** A server and workers with a database, in a folder. Workers are processes of the command. */
export class DrillSite {
  readonly blobs: string;
  private server!: ImageServer;

  private constructor(
    private readonly folder: string,
    private readonly database: Database,
    models: readonly string[],
  ) {
    this.blobs = join(folder, "blobs");
    mkdirSync(this.blobs, { recursive: true });
    for (const model of models)
      writeFileSync(this.configOf(model), JSON.stringify({ extends: join(root, "configs/emoji.json") }));
  }

  static async open(folder: string, database: Database, models: readonly string[] = ["emoji"]): Promise<DrillSite> {
    const site = new DrillSite(folder, database, models);
    site.server = await startServer({
      models: models.map((id) => ({ id, config: site.configOf(id) })),
      queue: { url: database.url, blobs: site.blobs },
      port: 0,
      limits: { queue: 10_000, requestsPerMinute: 1_000_000 },
      keptJobs: 10_000,
    });
    return site;
  }

  /** @returns when it draws */
  async worker(model = "emoji"): Promise<ChildProcess> {
    const place = ["--queue", this.database.url, "--blobs", this.blobs, "--lock", `${lock}`, "--threads", "1"];
    const cache = ["--cache", join(this.folder, "cache")];
    const args = [...command, "worker", this.configOf(model), ...place, ...cache];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    while (!said.includes("Draws")) {
      if (child.exitCode !== null) throw new Error(said);
      await Promise.race([once(child.stderr, "data"), once(child, "exit")]);
    }
    return child;
  }

  async ask(path: string, method = "GET", body?: object, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.server.url}${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { "content-type": "application/json" } } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  async post(fields: object): Promise<ToldJob> {
    const response = await this.ask("/v1/jobs", "POST", { prompt: "red heart", ...fields });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as ToldJob;
  }

  async look(id: string): Promise<ToldJob> {
    return (await (await this.ask(`/v1/jobs/${id}`)).json()) as ToldJob;
  }

  /** Asked again while the database is away. */
  async all(): Promise<ToldJob[]> {
    for (;;) {
      const response = await this.ask("/v1/jobs");
      if (response.ok) return ((await response.json()) as { data: ToldJob[] }).data;
      if (response.status < 500) throw new Error(await response.text());
      await delay(200);
    }
  }

  /** @returns seconds until it has one of these states */
  async until(id: string, ...states: string[]): Promise<number> {
    const begin = performance.now();
    while (!states.includes((await this.look(id)).status)) await delay(20);
    return (performance.now() - begin) / 1000;
  }

  async close(): Promise<void> {
    await this.server.close();
  }

  private configOf(model: string): string {
    return join(this.folder, `${model}.json`);
  }
}
