import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createPipeline, type GenerateResult, type Image } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { psnr } from "../packages/cli/src/quality/psnr";
import { engineCache as cacheDir } from "./run-folder";

const folder = join(import.meta.dirname, "../configs");

async function generated(name: string): Promise<GenerateResult> {
  const overrides = ["generate.prompt=red heart", "strict=true"];
  const pipeline = await createPipeline(join(folder, name), { cacheDir, overrides });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

function imageOf({ images }: GenerateResult): Image {
  return images[0]!;
}

describe("configs", () => {
  it("are those that are tested here", () => {
    expect(readdirSync(folder).sort()).toEqual(
      [
        "emoji-cache-dit-gate.json",
        "emoji-cache-dit.json",
        "emoji-fast.json",
        "emoji-unet-deepcache.json",
        "emoji-unet.json",
        "emoji.json",
      ].sort(),
    );
  });

  it.each([
    ["emoji-fast.json", "emoji.json", 11, 36],
    ["emoji-cache-dit.json", "emoji.json", 13, 41],
    ["emoji-cache-dit-gate.json", "emoji.json", 13, 38],
    ["emoji-unet-deepcache.json", "emoji-unet.json", 13, 26],
  ])("%s is as close to %s as it is said to be", async (name, plainName, reused, decibels) => {
    const [fast, plain] = [await generated(name), await generated(plainName)];
    const [plugin] = fast.report.plugins;
    expect(plugin!.summary).toContain(`reused ${reused} of 20 steps`);
    expect(psnr(imageOf(fast), imageOf(plain))).toBeGreaterThan(decibels);
  });
});
