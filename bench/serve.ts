import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Benchmark } from "./benchmark";
import { median } from "./measure";
import { inTemporaryFolder } from "./temporary-folder";

/** In all, at a time, and in each of the blocks that are measured in turns. */
const [requests, atATime, block] = [200, 20, 50];
const batches = [1, 2, 4];
const model = fileURLToPath(new URL("../models/emoji", import.meta.url));

export const serveBenchmark: Benchmark = {
  name: "serve",
  about: `A server of the emoji model (128 x 128, 20 steps) and a client in another process: ${requests} requests to /v1/images/generations, ${atATime} at a time, against calling \`generate\` in a row in a third process; in turns of ${block}. Meanwhile /health is asked ten times a second. What joining requests of equal settings would bring: processor time of an image by the batch that it is drawn in, in turns.`,
  run: (say) =>
    inTemporaryFolder(async (folder) => {
      const config = join(folder, "emoji.json");
      const settings = { num_inference_steps: 20, guidance_scale: 2, height: 128, width: 128, seed: 42 };
      writeFileSync(config, JSON.stringify({ model, generate: settings }));
      const children: ChildProcess[] = [];
      const start = async <Told>(role: string): Promise<[ChildProcess, Told]> => {
        const child = startChild(role, config, join(folder, "cache"));
        children.push(child);
        return [child, await told<Told>(child)];
      };
      try {
        const [row] = await start("generate");
        const [, { url }] = await start<{ url: string }>("serve");
        await inARow(row, 3, 1);
        await draw(url, 3);
        const [called, served, health, resident]: number[][] = [[], [], [], []];
        for (let done = 0; done < requests; done += block) {
          called!.push((await inARow(row, block, 1)).seconds);
          const stop = watchHealth(url, health!);
          served!.push(await draw(url, block));
          await stop();
          resident!.push(await residentBytes(url));
          say(
            `${done + block} of ${requests}: ${called!.at(-1)!.toFixed(1)} s in a row, ${served!.at(-1)!.toFixed(1)} s served`,
          );
        }
        const processor = new Map<number, number[]>(batches.map((batch) => [batch, []]));
        for (let round = 0; round < 4; round++)
          for (const batch of batches) processor.get(batch)!.push((await inARow(row, 4 / batch, batch)).processor);
        const sum = (all: readonly number[]): number => all.reduce((one, other) => one + other, 0);
        const sorted = health!.sort((one, other) => one - other);
        const single = median(processor.get(1)!);
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
          { what: "processor time of an image", value: single, unit: "s" },
          ...batches.slice(1).map((batch) => ({
            what: `the same in a batch of ${batch}`,
            value: (100 * median(processor.get(batch)!)) / single,
            unit: "%" as const,
          })),
        ];
      } finally {
        for (const child of children) child.disconnect();
        await Promise.all(children.map((child) => child.exitCode === null && once(child, "exit")));
      }
    }),
};

function startChild(role: string, config: string, cache: string): ChildProcess {
  return fork(fileURLToPath(new URL("./serve-child.ts", import.meta.url)), [role, config, cache], {
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

async function inARow(
  child: ChildProcess,
  count: number,
  batch: number,
): Promise<{ seconds: number; processor: number }> {
  child.send({ count, batch });
  return told(child);
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

async function residentBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (.+)$/m.exec(text)![1]);
}
