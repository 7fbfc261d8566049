import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ConfigInput, inspectConfig, openPipeline, planImages, validateConfig } from "@skipstep/core";
import type { Place } from "./kind";
import type { Random } from "./random";

/** The least work of each model. */
export const small = { num_inference_steps: 1, seed: 1, height: 64, width: 64 };

/** A config that must be valid. */
export async function inspected(input: string | ConfigInput, folder = process.cwd()): Promise<void> {
  inspectConfig(await validateConfig(input, { folder }));
}

/**
 * Takes a config as far as it goes without weights, and some of them to an image.
 * @returns whether it drew
 */
export async function tryConfig(
  input: string | ConfigInput,
  { folder, drawn }: Place,
  random: Random,
): Promise<boolean> {
  const draws = random.chance(drawn);
  const checked = await validateConfig(input, { folder });
  inspectConfig(checked);
  planImages(checked, {});
  if (!draws) return false;
  const cacheDir = mkdtempSync(join(folder, "cache-"));
  try {
    const pipeline = await openPipeline(checked, { cacheDir, threads: 1 });
    try {
      // Whatever the config asks for: this is no test of patience.
      const { images } = await pipeline.generate({ num_inference_steps: 1, num_images_per_prompt: 1 });
      await images[0]!.toPng();
    } finally {
      await pipeline.close();
    }
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
  return true;
}
