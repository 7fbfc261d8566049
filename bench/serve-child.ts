/** One of several processes with the same model: `serve` answers requests, so many at once, `generate` draws so many images in a row when it is told to. */
import { createPipeline } from "@skipstep/core";
import { startServer } from "@skipstep/server";

const [role, config, cacheDir, batch] = process.argv.slice(2) as ["serve" | "generate", string, string, string];
if (role === "generate") await generate();
else await serve(Number(batch));

async function serve(batch: number): Promise<void> {
  const limits = { requestsPerMinute: 1_000_000 };
  const server = await startServer({ models: [{ id: "emoji", config }], port: 0, cacheDir, limits, batch });
  process.once("disconnect", () => void server.close());
  process.send!({ url: server.url });
}

/** Seconds of `count` generations. */
async function generate(): Promise<void> {
  const pipeline = await createPipeline(config, { cacheDir });
  process.once("disconnect", () => void pipeline.close());
  process.on("message", async ({ count }: { count: number }) => {
    const start = performance.now();
    for (let i = 0; i < count; i++) await pipeline.generate({ prompt: "red heart", seed: i });
    process.send!({ seconds: (performance.now() - start) / 1000 });
  });
  process.send!({ ready: true });
}
