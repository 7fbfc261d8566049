import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import { type ConfigInput, createPipeline, type GenerateResult, type Image } from "@skipstep/core";
import { floats, stack } from "@skipstep/core/model";
import { describe, expect, it } from "vitest";
import { golden, userFolder } from "./golden-model";

const folder = userFolder();

/** One call in a folder where the package is installed. */
async function draw(
  config: Partial<ConfigInput>,
  ...plugins: ConfigInput["plugins"] & object
): Promise<GenerateResult> {
  const whole = { model: "ddpm", strict: true, ...config, plugins: ["ddpm", ...plugins] } as ConfigInput;
  const pipeline = await createPipeline(whole, { folder, cacheDir: join(folder, "cache") });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

/** How the reference was called. */
interface Case {
  readonly seed: number;
  readonly num_inference_steps: number;
  readonly call?: { readonly batch_size?: number };
  readonly scheduler?: ConfigInput["scheduler"];
}

describe("draws what the reference draws from the same seed", () => {
  it.each(["plain", "batch-of-two", "fifty-steps", "ddim", "ddim-eta", "dpm-solver"])("%s", async (name) => {
    const { seed, num_inference_steps, call, scheduler }: Case = JSON.parse(
      readFileSync(join(golden, "golden", `${name}.json`), "utf8"),
    );
    const { images } = await draw({
      generate: { seed, num_inference_steps, ...call },
      ...(scheduler ? { scheduler } : {}),
    });
    const expected = readSafetensors(join(golden, "golden", `${name}.safetensors`)).get("out.image")!;
    const [{ height, width }] = images as [Image];
    const pixels = stack(images.map(({ values }) => floats([1, height, width, 3], values)));
    expectWithin("image", floats(expected.shape, pixels.data), expected, 1e-4);
  });
});
