import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import type { Kind } from "../kind";
import { mutateBytes } from "../mutate-bytes";
import { mutateJson } from "../mutate-json";
import type { Random } from "../random";
import { copyPipeline } from "../seeds";
import { small } from "../try-config";

const commit = "0123456789abcdef0123456789abcdef01234567";

interface Answer {
  status: number;
  readonly headers: Record<string, string>;
  body: Buffer;
}

/** Answers of a hub, one of them changed for each input. */
export const hubKinds: readonly Kind[] = [
  {
    name: "hub answers",
    weight: 3,
    async prepare({ folder }) {
      const files = filesOf(copyPipeline("sd35-no-t5", folder));
      let change: (path: string, answer: Answer) => Answer = (_, answer) => answer;
      const server = createServer((request, response) => {
        const path = decodeURIComponent(new URL(request.url!, "http://hub").pathname);
        const { status, headers, body } = change(path, answerTo(path, files));
        response.writeHead(status, headers).end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const before = { ...process.env };
      const cache = join(folder, "hub");
      const check = async (): Promise<boolean> => {
        rmSync(cache, { recursive: true, force: true });
        Object.assign(process.env, { HF_ENDPOINT: endpoint, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: "" });
        try {
          await validateConfig({ model: "hf:tiny/model", generate: { ...small, prompt: "a cat" } });
        } finally {
          restore(before);
        }
        return false;
      };
      return {
        attempt(random) {
          const target = random.pick(["revision", "tree", "model_index.json", "config.json", "tokenizer.json"]);
          change = (path, answer) => (path.includes(target) ? changed(answer, random) : answer);
          return check();
        },
        sound: check,
        async close() {
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    },
  },
];

function restore(before: NodeJS.ProcessEnv): void {
  for (const name of ["HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE"])
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
}

function filesOf(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

function answerTo(path: string, files: ReadonlyMap<string, Buffer>): Answer {
  const json = (value: unknown): Answer => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify(value)),
  });
  if (path.includes("/revision/")) return json({ _id: "1", id: "tiny/model", sha: commit, lastModified: "2025-01-01" });
  if (path.includes("/tree/"))
    return json([...files].map(([name, body]) => ({ type: "file", path: name, size: body.length, oid: hash(body) })));
  const body = files.get(path.split("/").slice(5).join("/"));
  return body ? { status: 200, headers: {}, body } : { status: 404, headers: {}, body: Buffer.from("not found") };
}

function hash(body: Buffer): string {
  return createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex");
}

const page = Buffer.from("<!doctype html><html><body>Log in to this network</body></html>");

function changed(answer: Answer, random: Random): Answer {
  const kind = random.below(10);
  if (kind === 0) return { ...answer, headers: { "content-type": "text/html" }, body: page };
  // Not 429 and 5xx: those are waited for.
  if (kind === 1) return { ...answer, status: random.pick([200, 204, 206, 400, 401, 403, 404, 418]) };
  if (kind === 2) return { ...answer, headers: { ...answer.headers, link: linkHeader(random) } };
  if (kind < 5 || answer.body.length > 2 ** 16 || !answer.headers["content-type"])
    return { ...answer, body: mutateBytes(answer.body, random) };
  return { ...answer, body: Buffer.from(mutateJson(answer.body.toString("utf8"), random)) };
}

function linkHeader(random: Random): string {
  const to = random.pick(["http://127.0.0.1:9/x", "http://[", "https://x.invalid/", "file:///dev/null", "/tree/x", ""]);
  return `<${to}>; rel="next"`;
}
