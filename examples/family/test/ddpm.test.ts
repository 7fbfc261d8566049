import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expectWithin, readSafetensors } from "@skipstep/contract/graph";
import type { ConfigInput, Image } from "@skipstep/core";
import { floats, stack } from "@skipstep/core/model";
import { describe, expect, it } from "vitest";
import { draw } from "./draw";
import { golden, userFolder } from "./golden-model";
import { madeFolder } from "./made-model";

const folder = userFolder();

/** How the reference was called. */
interface Case {
  readonly seed: number;
  readonly num_inference_steps: number;
  readonly call?: { readonly batch_size?: number };
  readonly scheduler?: NonNullable<ConfigInput["scheduler"]>;
}

describe("from the same seed", () => {
  it.each([
    ["plain", "DDPMScheduler"], // draws the variance of each step after the image
    ["batch-of-two", "DDPMScheduler"],
    ["fifty-steps", "DDPMScheduler"],
    ["ddim", "DDIMScheduler"],
    ["ddim-eta", "DDIMScheduler"],
    ["dpm-solver", "DPMSolverMultistepScheduler"],
    ["gradient-estimation", "GradientEstimationScheduler"],
  ])("%s is what the reference draws, by %s", async (name, type) => {
    const { seed, num_inference_steps, call, scheduler }: Case = JSON.parse(
      readFileSync(join(golden, "golden", `${name}.json`), "utf8"),
    );
    const { images, recipe } = await draw(folder, {
      generate: { seed, num_inference_steps, ...call },
      ...(scheduler ? { scheduler } : {}),
    });
    expect(recipe.config.scheduler!.type).toBe(type);
    const expected = readSafetensors(join(golden, "golden", `${name}.safetensors`)).get("out.image")!;
    const [{ height, width }] = images as [Image];
    const pixels = stack(images.map(({ values }) => floats([1, height, width, 3], values)));
    expectWithin("image", floats(expected.shape, pixels.data), expected, 1e-4);
  });
});

it("shows what the image becomes, step by step", async () => {
  const previews: Image[] = [];
  const { images } = await draw(
    folder,
    { generate: { seed: 14, num_inference_steps: 12 } },
    {
      previews: true,
      onProgress: (event) => void (event.kind === "step" && previews.push(...event.previews!)),
    },
  );
  expect(previews).toHaveLength(12);
  const distances = previews.map(({ values }) => distance(values, images[0]!.values));
  expect(distances.at(-1)).toBe(0); // the last estimate is the image
  expect(distances[6]).toBeLessThan(distances[0]!);
});

const grey = {
  sample_size: [8, 12],
  in_channels: 1,
  out_channels: 1,
  block_out_channels: [8, 8],
  down_block_types: ["DownBlock2D", "AttnDownBlock2D"],
  up_block_types: ["AttnUpBlock2D", "UpBlock2D"],
  layers_per_block: 1,
  norm_num_groups: 4,
};

it.each([
  ["classes", { num_class_embeds: 3 }, "it must have no classes: none is drawn here"],
  ["four channels", { in_channels: 4, out_channels: 4 }, '"in_channels" must be 1 or 3, found 4'],
  ["a variance beside the noise", { out_channels: 2 }, '"out_channels" must be "in_channels", found 2'],
  ["no size", { sample_size: null }, '"sample_size" must say how large its images are'],
])("refuses a U-Net with %s", async (name, change, problem) => {
  const model = madeFolder(join(folder, name.replaceAll(" ", "-")), { ...grey, ...change }, {});
  await expect(draw(folder, { model, generate: { num_inference_steps: 2 } })).rejects.toThrow(problem);
});

it("draws grey images, too", async () => {
  const model = madeFolder(join(folder, "grey"), grey, {});
  const { images } = await draw(folder, { model, generate: { seed: 1, num_inference_steps: 2 } });
  const [{ height, width, values }] = images as [Image];
  expect([height, width]).toEqual([8, 12]); // as its sample_size says
  for (let i = 0; i < values.length; i += 3) expect([values[i + 1], values[i + 2]]).toEqual([values[i], values[i]]);
});

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0));
}
