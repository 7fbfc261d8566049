/** Draws images in a process of its own. Arguments: a `DrawingRun` as JSON, and where the pixels go. Answers one line of JSON. */
import { readFileSync, writeFileSync } from "node:fs";
import { createPipeline } from "@skipstep/core";
import type { DrawingRun, MeasuredDrawing } from "./drawing-run";

const [asked, out] = process.argv.slice(2) as [string, string];
const { config, cacheDir, rounds }: DrawingRun = JSON.parse(asked);
const pipeline = await createPipeline(config as never, { cacheDir });
let bytes = 0;
const looking = setInterval(() => {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  bytes = Math.max(bytes, Number(kilobytes) * 1024);
}, 20);
const measured: Omit<MeasuredDrawing, "bytes">[] = [];
for (let round = 0; round < rounds; round++) {
  const begin = processorSeconds();
  const at = { encode: begin, decode: begin };
  const { images, report } = await pipeline.generate({
    onProgress: ({ kind }) => {
      if (kind === "encode" || kind === "decode") at[kind] = processorSeconds();
    },
  });
  measured.push({
    denoiseSeconds: report.seconds.phases.denoise!,
    seconds: report.seconds.total,
    denoiseProcessor: at.decode - at.encode,
    processor: processorSeconds() - begin,
    summaries: report.plugins.map(({ name, summary }) => `${name}: ${summary}`),
  });
  writeFileSync(out, images[0]!.data);
}
clearInterval(looking);
await pipeline.close();
measured.sort((a, b) => a.processor - b.processor);
process.stdout.write(JSON.stringify({ ...measured[0]!, bytes } satisfies MeasuredDrawing));

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
