import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark";
import { inTemporaryFolder } from "./temporary-folder";

/** In all, at a time, and in each of the blocks that are measured in turns. */
const [requests, atATime, block] = [200, 20, 50];
/** Requests that the second server draws at once. */
const batch = 4;
const model = fileURLToPath(new URL("../models/emoji", import.meta.url));

export const serveBenchmark: Benchmark = {
  name: "serve",
  about: `A server of the emoji model (128 x 128, 20 steps) and a client in another process: ${requests} requests to /v1/images/generations, ${atATime} at a time, against calling \`generate\` in a row in a third process; in turns of ${block}. Meanwhile /health is asked ten times a second. A second server draws ${batch} at a time (\`--batch ${batch}\`).`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const config = join(folder, "emoji.json");
      const settings = { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128, seed: 42 };
      writeFileSync(config, JSON.stringify({ model, generate: settings }));
      const children: ChildProcess[] = [];
      const start = async <Told>(role: string, atOnce = 1): Promise<[ChildProcess, Told]> => {
        const child = startChild(role, config, join(folder, "cache"), atOnce);
        children.push(child);
        return [child, await told<Told>(child)];
      };
      try {
        const [row] = await start("generate");
        const [, { url }] = await start<{ url: string }>("serve");
        const [, { url: joining }] = await start<{ url: string }>("serve", batch);
        await inARow(row, 3);
        for (const each of [url, joining]) await draw(each, 3);
        const [called, served, joined, health, resident]: number[][] = [[], [], [], [], []];
        for (let done = 0; done < requests; done += block) {
          called!.push(await inARow(row, block));
          const stop = watchHealth(url, health!);
          served!.push(await draw(url, block));
          await stop();
          resident!.push(await residentBytes(url));
          joined!.push(await draw(joining, block));
          const seconds = [called!, served!, joined!].map((all) => all.at(-1)!.toFixed(1));
          say(
            `${done + block} of ${requests}: ${seconds[0]} s in a row, ${seconds[1]} s served, ${seconds[2]} s joined`,
          );
        }
        const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);
        const sorted = health!.sort((one, other) => one - other);
        return [
          { what: "calling generate in a row, an image", value: sum(called!) / requests, unit: "s" },
          { what: "served, an image", value: sum(served!) / requests, unit: "s" },
          {
            what: "throughput of the server",
            value: (100 * sum(called!)) / sum(served!),
            unit: "%",
            target: { least: 95 },
          },
          { what: "/health meanwhile, median", value: sorted[sorted.length >> 1]!, unit: "ms" },
          {
            what: "/health meanwhile, p99",
            value: sorted[Math.floor(0.99 * sorted.length)]!,
            unit: "ms",
            target: { most: 50 },
          },
          { what: `resident after ${block} requests`, value: resident![0]! / 1e9, unit: "GB" },
          {
            what: `resident after ${requests}, against that`,
            value: (100 * resident!.at(-1)!) / resident![0]!,
            unit: "%",
            target: { most: 105 },
          },
          {
            what: `throughput of a server that draws ${batch} at a time`,
            value: (100 * sum(called!)) / sum(joined!),
            unit: "%",
          },
        ];
      } finally {
        for (const child of children) child.disconnect();
        await Promise.all(children.map((child) => child.exitCode === null && once(child, "exit")));
      }
    }),
};

function startChild(role: string, config: string, cache: string, atOnce: number): ChildProcess {
  return fork(fileURLToPath(new URL("./serve-child.ts", import.meta.url)), [role, config, cache, `${atOnce}`], {
    execArgv: ["--import", "tsx", "--conditions=@skipstep/source"],
  });
}

async function told<Told>(child: ChildProcess): Promise<Told> {
  const heard = new AbortController();
  const { signal } = heard;
  const exit = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`a process of the benchmark ended with ${code}`);
  });
  exit.catch(() => undefined); // also when nobody waits for it any more
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), exit]);
    return message as Told;
  } finally {
    heard.abort();
  }
}

/** @returns seconds */
async function inARow(child: ChildProcess, count: number): Promise<number> {
  child.send({ count });
  return (await told<{ seconds: number }>(child)).seconds;
}

/** @returns seconds */
async function draw(url: string, count: number): Promise<number> {
  const start = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    for (let seed = next++; seed < count; seed = next++) {
      const body = JSON.stringify({ prompt: "red heart", seed });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url}/v1/images/generations`, { method: "POST", body, headers });
      const { data } = (await response.json()) as { data?: { b64_json: string }[] };
      if (!data?.[0]?.b64_json) throw new Error(`the server answered ${response.status}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, client));
  return (performance.now() - start) / 1000;
}

/** @returns what stops it */
function watchHealth(url: string, milliseconds: number[]): () => Promise<void> {
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const start = performance.now();
      await (await fetch(`${url}/health`)).text();
      milliseconds.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const watching = watch();
  return async () => {
    isOver = true;
    await watching;
  };
}

/** The least of several looks: what is held, without what the collector has not come to. */
async function residentBytes(url: string): Promise<number> {
  const looks: number[] = [];
  for (let look = 0; look < 10; look++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const text = await (await fetch(`${url}/metrics`)).text();
    looks.push(Number(/^process_resident_memory_bytes (.+)$/m.exec(text)![1]));
  }
  return Math.min(...looks);
}
