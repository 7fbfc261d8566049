import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createPipeline } from "@skipstep/core";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "./emoji";

/**
 * LoRAs under names that people have, and the image that diffusers 0.42.1 (torch 2.13.0, CPU, float32) draws with each
 * of their updates counted once. A case is a folder with configs; of `config-PART.json`, `expected-PART.png` is the
 * image where it is there.
 */
const folder = join(import.meta.dirname, "lora-cases");
const cacheDir = join(temporaryFolder(), "engines");

/** Largest difference of a byte. */
const TOLERANCE = 2;

describe.each(readdirSync(folder))("%s", (name) => {
  const configs = readdirSync(join(folder, name)).filter((file) => /^config.*\.json$/.test(file));

  it.each(configs)("%s", async (config) => {
    const pipeline = await createPipeline(join(folder, name, config), { cacheDir });
    try {
      const { images, report } = await pipeline.generate();
      const own = join(folder, name, config.replace(/^config(.*)\.json$/, "expected$1.png"));
      const path = existsSync(own) ? own : join(folder, name, "expected.png");
      const expected = await sharp(path).removeAlpha().raw().toBuffer();
      const bytes = images[0]!.values.map((value) => Math.round(Math.min(1, Math.max(0, value)) * 255));
      expect(bytes.length).toBe(expected.length);
      expect(bytes.reduce((most, byte, i) => Math.max(most, Math.abs(byte - expected[i]!)), 0)).toBeLessThanOrEqual(
        TOLERANCE,
      );
      expect(report.warnings).toEqual([]);
    } finally {
      await pipeline.close();
    }
  });
});
