/**
 * Makes one image with the TypeScript API: `pnpm start "red heart" heart.png`. Ctrl-C stops between two steps.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createPipeline, type ProgressEvent, SkipstepError } from "@skipstep/core";

const [prompt = "red heart", file = "image.png"] = process.argv.slice(2);
const config = fileURLToPath(new URL("../../configs/emoji-fast.json", import.meta.url));

const controller = new AbortController();
process.once("SIGINT", () => controller.abort("Ctrl-C"));

function showProgress(event: ProgressEvent): void {
  if (event.kind === "step") console.log(`step ${event.step} of ${event.of}, ${event.secondsLeft.toFixed(1)} s left`);
}

try {
  const pipeline = await createPipeline(config, { signal: controller.signal });
  try {
    const { images, report } = await pipeline.generate({
      prompt,
      seed: 42,
      signal: controller.signal,
      onProgress: showProgress,
    });
    await writeFile(file, await images[0]!.toPng());
    for (const { name, summary } of report.plugins) console.log(`${name}: ${summary}`);
    for (const warning of report.warnings) console.warn(warning);
    console.log(`${file} in ${report.seconds.total.toFixed(1)} s`);
  } finally {
    await pipeline.close();
  }
} catch (error) {
  if (!(error instanceof SkipstepError)) throw error;
  console.error(`${error.code} ${error.message}`);
  process.exitCode = 1;
}
