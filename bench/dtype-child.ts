/** Opens a pipeline in a process of its own and draws. Arguments: the checkpoint's folder, the cache's, the dtype. Answers one line of JSON. */
import { readFileSync } from "node:fs";
import { createPipeline, type Dtype } from "@skipstep/core";

export interface MeasuredDtype {
  readonly openSeconds: number;
  /** Of a step, the least. */
  readonly stepSeconds: number;
  /** Memory that came with opening and one image: of its own, and pages of the engine's weights. */
  readonly weightBytes: number;
}

const [model, cacheDir, dtype] = process.argv.slice(2) as [string, string, Dtype];

/** Bytes of anonymous memory, and of pages of files of weights. */
function memory(): number {
  const [, own] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  const maps = readFileSync("/proc/self/smaps", "utf8").split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/);
  const pages = maps.filter((map) => /weights\.bin$/.test(map.split("\n", 1)[0]!));
  const mapped = pages.map((map) => Number(/^Rss:\s+(\d+) kB$/m.exec(map)![1]));
  return (Number(own) + mapped.reduce((sum, kilobytes) => sum + kilobytes, 0)) * 1024;
}

const before = memory();
const start = performance.now();
const pipeline = await createPipeline({ model, dtype }, { cacheDir });
const openSeconds = (performance.now() - start) / 1000;
const ends: number[] = [];
await pipeline.generate({
  ...{ prompt: "red heart", height: 256, width: 256, num_inference_steps: 3, guidance_scale: 0, seed: 1 },
  onProgress: ({ kind }) => kind === "step" && ends.push(performance.now()),
});
const weightBytes = memory() - before;
await pipeline.close();
const steps = ends.slice(1).map((end, i) => (end - ends[i]!) / 1000);
process.stdout.write(
  JSON.stringify({ openSeconds, stepSeconds: Math.min(...steps), weightBytes } satisfies MeasuredDtype),
);
