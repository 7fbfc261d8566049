import { join } from "node:path";
import { type ConfigInput, createPipeline, type GenerateRequest, type GenerateResult } from "@skipstep/core";

/** One generation in a folder where the package is installed, with `ddpm` before other plugins. */
export async function draw(
  folder: string,
  { plugins = [], ...config }: Partial<ConfigInput> = {},
  request: GenerateRequest = {},
): Promise<GenerateResult> {
  const whole = { model: "ddpm", strict: true, ...config, plugins: ["ddpm", ...plugins] };
  const pipeline = await createPipeline(whole, { folder, cacheDir: join(folder, "cache") });
  try {
    return await pipeline.generate(request);
  } finally {
    await pipeline.close();
  }
}
