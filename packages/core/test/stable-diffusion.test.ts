import { describe, expect, it } from "vitest";
import type { SchedulerConfig } from "../src/config/config";
import { guidanceEmbedding } from "../src/families/unet/guidance-embedding";
import { trainedSize } from "../src/families/unet/settings";
import { stableDiffusionFamily } from "../src/families/unet/stable-diffusion";
import { stableDiffusionXlFamily } from "../src/families/unet/stable-diffusion-xl";
import { estimateImage } from "../src/loop/diffusion-estimate";
import { rescaleSpread, rows } from "../src/loop/guidance";
import type { JsonObject } from "../src/schema/json";
import { ownCatalogue } from "../src/start/catalogue";
import { chooseScheduler } from "../src/start/scheduler-choice";
import { floats } from "../src/tensor";
import type { Checkpoint } from "../src/weights/checkpoint/checkpoint";

describe("the scheduler of Stable Diffusion", () => {
  const old = { steps_offset: 0, clip_sample: true, beta_end: 0.012, _diffusers_version: "0.6.0" };
  const chosen = (config: SchedulerConfig | undefined, own: JsonObject = old, family = stableDiffusionFamily) => {
    const component = () => ({ className: "DDIMScheduler", config: own });
    const checkpoint = { component } as unknown as Checkpoint;
    return chooseScheduler({ checkpoint, family, schedulers: ownCatalogue.schedulers }, config).options;
  };

  it("of old checkpoints is mended, unless the config says otherwise", () => {
    expect(chosen(undefined)).toMatchObject({ steps_offset: 1, clip_sample: false, beta_end: 0.012 });
    expect(chosen(undefined, {})).toMatchObject({ steps_offset: 1, clip_sample: false, beta_end: 0.02 });
    expect(chosen({ clip_sample: true })).toMatchObject({ steps_offset: 1, clip_sample: true });
    expect(chosen({ type: "DDPMScheduler" })).toMatchObject({ steps_offset: 1, clip_sample: false });
  });

  it("takes only what the checkpoint says to another class", () => {
    expect(chosen({ type: "DDPMScheduler" }, { beta_end: 0.012 })).toMatchObject({
      steps_offset: 0,
      clip_sample: true,
      beta_end: 0.012,
    });
  });

  it("is left as it is by XL", () => {
    expect(chosen(undefined, old, stableDiffusionXlFamily)).toMatchObject({ steps_offset: 0, clip_sample: true });
  });

  it("draws no noise of its own accord, as the reference's pipelines", () => {
    expect(chosen({ type: "TCDScheduler" })).toMatchObject({ eta: 0 });
    expect(chosen({ type: "TCDScheduler", eta: 0.3 })).toMatchObject({ eta: 0.3 });
  });

  it("is none of flows", () => {
    expect(() => chosen({ type: "FlowMatchEulerDiscreteScheduler" })).toThrow(
      /^StableDiffusionPipeline cannot use the scheduler FlowMatchEulerDiscreteScheduler\. It can use: DDIMScheduler,/,
    );
  });
});

it("guidance as an input is embedded as the reference embeds it", () => {
  const { shape, data } = guidanceEmbedding(6.5, 7, 2);
  expect(shape).toEqual([2, 7]);
  // diffusers 0.42.1, StableDiffusionPipeline.get_guidance_scale_embedding(torch.tensor([6.5]), 7)
  const expected = [-0.04478474, 0.82682866, 0.60518634, -0.99899668, -0.56245387, 0.79608387, 0];
  for (const [i, x] of [...expected, ...expected].entries()) expect(data[i]).toBeCloseTo(x, 5);
});

it("guided predictions get the spread of unguided ones, image by image", () => {
  const guided = floats([2, 4], Float32Array.of(0, 4, 0, 4, 1, 2, 3, 4));
  const plain = floats([2, 4], Float32Array.of(1, 2, 1, 2, 1, 2, 3, 4));
  expect([...rescaleSpread(guided, plain, 1).data]).toEqual([0, 1, 0, 1, 1, 2, 3, 4]);
  expect([...rows(rescaleSpread(guided, plain, 0.5), 0, 1).data]).toEqual([0, 2.5, 0, 2.5]);
});

describe("an estimate of the image", () => {
  const [image, noise, sigma] = [floats([2], Float32Array.of(2, -1)), floats([2], Float32Array.of(0.5, 3)), 0.75];
  const [alpha, share] = [0.8, 0.6]; // 1 and sigma over the square root of 1 + sigma^2
  const mixed = (a: number, s: number) =>
    floats(
      [2],
      image.data.map((x, i) => a * x + s * noise.data[i]!),
    );

  it.each([
    ["epsilon", mixed(alpha, share), noise],
    ["sample", mixed(alpha, share), image],
    ["v_prediction", mixed(alpha, share), mixed(-share, alpha)],
    ["flow_prediction", mixed(1 - sigma, sigma), mixed(-1, 1)],
    [undefined, mixed(1 - sigma, sigma), mixed(-1, 1)],
  ])("of %s is exact where the prediction is", (type, input, prediction) => {
    const estimate = estimateImage(input, prediction, sigma, type);
    for (const [i, x] of image.data.entries()) expect(estimate.data[i]).toBeCloseTo(x, 6);
  });

  it("is a number where there is no signal left", () => {
    const estimate = estimateImage(
      noise,
      floats(
        [2],
        image.data.map((x) => -x),
      ),
      2 ** 12,
      "v_prediction",
    );
    for (const [i, x] of image.data.entries()) expect(estimate.data[i]).toBeCloseTo(x, 2);
  });
});

it("the size is that of the training, also where it is no square", () => {
  const vae = { block_out_channels: [8, 16, 16] };
  expect(trainedSize({ unet: { sample_size: 8 }, vae }, 64)).toEqual({ height: 32, width: 32 });
  expect(trainedSize({ unet: { sample_size: [10, 14] }, vae }, 64)).toEqual({ height: 40, width: 56 });
  expect(trainedSize({ unet: { sample_size: null }, vae }, 64)).toEqual({ height: 256, width: 256 });
});
