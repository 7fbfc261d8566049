import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPipeline, type GenerateRequest, type GenerateResult, type Pipeline } from "@skipstep/core";
import { afterAll, beforeAll } from "vitest";
import { type ImageServer, type ServerOptions, startServer } from "../src";

/** The shipped model, in two steps. */
const root = join(import.meta.dirname, "../../..");

/** A server for the tests of a file, and the same config without one. */
export interface Served {
  readonly url: string;
  readonly config: string;
  readonly folder: string;
  /** Lines of its log. */
  readonly log: string[];
  /** What the server must answer with. */
  generate(request: GenerateRequest): Promise<GenerateResult>;
  /** With a JSON body where one is given. */
  ask(path: string, body?: unknown, init?: RequestInit): Promise<Answer>;
}

/** A response, whose JSON the tests look into. */
export interface Answer extends Response {
  // biome-ignore lint/suspicious/noExplicitAny: what it is, is what is tested
  json(): Promise<any>;
}

/** Starts a server before the tests of a file, and stops it after them. */
export function served(options: Partial<ServerOptions> = {}, config: object = {}): Served {
  const folder = mkdtempSync(join(tmpdir(), "skipstep-served-"));
  const file = join(folder, "emoji.json");
  const log: string[] = [];
  mkdirSync(join(folder, "cache"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules")); // for plugins
  const generate = { num_inference_steps: 2, seed: 1 };
  writeFileSync(file, JSON.stringify({ extends: join(root, "configs/emoji.json"), generate, ...config }));
  let server: ImageServer;
  beforeAll(async () => {
    const models = [{ id: "emoji", config: file }];
    const lines = { write: (line: string) => log.push(line) > 0 } as unknown as NodeJS.WritableStream;
    server = await startServer({ models, port: 0, cacheDir: join(folder, "cache"), log: lines, ...options });
  });
  let pipeline: Promise<Pipeline> | undefined;
  afterAll(async () => {
    await (await pipeline)?.close();
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return {
    get url() {
      return server.url;
    },
    config: file,
    folder,
    log,
    generate: async (request) => {
      pipeline ??= createPipeline(file, { cacheDir: join(folder, "cache") });
      return (await pipeline).generate(request);
    },
    ask: (path, body, init = {}) =>
      fetch(`${server.url}${path}`, {
        ...init,
        ...(body === undefined
          ? {}
          : {
              method: "POST",
              body: JSON.stringify(body),
              headers: { "content-type": "application/json", ...init.headers },
            }),
      }),
  };
}

/** Server-sent events of a response. */
export async function eventsOf(
  response: Response,
): Promise<{ id?: string; event: string; data: Record<string, unknown> }[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((block) => block.includes("data: "))
    .map((block) => {
      const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s) as [string, string]));
      return { ...(fields.id ? { id: fields.id } : {}), event: fields.event!, data: JSON.parse(fields.data!) };
    });
}
