/** Makes images in a process of its own. Arguments: the checkpoint's folder, the cache's, the mode of memory. Answers one line of JSON. */
import { readFileSync } from "node:fs";
import { createPipeline, type MemoryMode } from "@skipstep/core";

export interface MeasuredMode {
  /** Of a step, the least. */
  readonly stepSeconds: number;
  /** The most anonymous memory that was resident at once, in bytes: without pages of mapped files. */
  readonly anonymousBytes: number;
  /** Sum of the finished latents: equal images have equal ones. */
  readonly checksum: number;
}

const [model, cacheDir, memory] = process.argv.slice(2) as [string, string, MemoryMode];
let anonymousBytes = 0;
const look = (): void => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  anonymousBytes = Math.max(anonymousBytes, Number(kilobytes) * 1024);
};
const pipeline = await createPipeline({ model, memory }, { cacheDir });
anonymousBytes = 0; // compiling is measured elsewhere
const looking = setInterval(look, 10);
const ends: number[] = [];
const { latents } = await pipeline.generate({
  prompt: "red heart",
  height: 256,
  width: 256,
  num_inference_steps: 4,
  seed: 1,
  onProgress: ({ kind }) => kind === "step" && ends.push(performance.now()),
});
clearInterval(looking);
await pipeline.close();
const steps = ends.slice(1).map((end, i) => (end - ends[i]!) / 1000);
const checksum = latents.data.reduce((sum, value) => sum + value, 0);
process.stdout.write(
  JSON.stringify({ stepSeconds: Math.min(...steps), anonymousBytes, checksum } satisfies MeasuredMode),
);
