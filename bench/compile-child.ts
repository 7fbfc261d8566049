/** Opens a pipeline in a process of its own. Arguments: the checkpoint's folder, the cache's. Answers one line of JSON. */
import { createPipeline } from "@skipstep/core";

export interface Measured {
  /** Until the pipeline stands. */
  readonly seconds: number;
  /** The most that was resident at once, in bytes: until the pipeline stood, and once it had made a small image. */
  readonly peakBytes: number;
  readonly peakBytesInUse: number;
}

const [model, cacheDir] = process.argv.slice(2) as [string, string];
const start = performance.now();
const pipeline = await createPipeline({ model }, { cacheDir });
const seconds = (performance.now() - start) / 1000;
const peakBytes = peak();
await pipeline.generate({ prompt: "red heart", height: 128, width: 128, num_inference_steps: 2 });
const peakBytesInUse = peak();
await pipeline.close();
process.stdout.write(JSON.stringify({ seconds, peakBytes, peakBytesInUse } satisfies Measured));

function peak(): number {
  return process.resourceUsage().maxRSS * 1024;
}
