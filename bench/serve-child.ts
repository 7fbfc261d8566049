/** One of two processes with the same model: `serve` answers requests, `generate` draws so many images in a row when it is told to. */
import { createPipeline } from "@skipstep/core";
import { startServer } from "@skipstep/server";

const [role, config, cacheDir] = process.argv.slice(2) as ["serve" | "generate", string, string];
if (role === "serve") await serve();
else await generate();

async function serve(): Promise<void> {
  const limits = { requestsPerMinute: 1_000_000 };
  const server = await startServer({ models: [{ id: "emoji", config }], port: 0, cacheDir, limits });
  process.once("disconnect", () => void server.close());
  process.send!({ url: server.url });
}

/** Seconds, and processor seconds of an image, of `count` generations of `batch` images. */
async function generate(): Promise<void> {
  const pipeline = await createPipeline(config, { cacheDir });
  process.once("disconnect", () => void pipeline.close());
  process.on("message", async ({ count, batch }: { count: number; batch: number }) => {
    const [start, before] = [performance.now(), process.cpuUsage()];
    for (let i = 0; i < count; i++)
      await pipeline.generate({ prompt: "red heart", seed: i, num_images_per_prompt: batch });
    const { user, system } = process.cpuUsage(before);
    process.send!({ seconds: (performance.now() - start) / 1000, processor: (user + system) / 1e6 / (count * batch) });
  });
  process.send!({ ready: true });
}
