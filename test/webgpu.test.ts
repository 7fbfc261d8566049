/** What of `pnpm test:webgpu` fits into `npm test`: each model's pass, each pipeline for two steps or a few with a plugin. */
import { join } from "node:path";
import { type ConfigInput, createPipeline, type GenerateConfig, type GenerateResult, type Image } from "@skipstep/core";
import { floats } from "@skipstep/core/model";
import { AdaCache } from "@skipstep/plugin-adacache";
import { CacheDit } from "@skipstep/plugin-cache-dit";
import { ChannelsLast } from "@skipstep/plugin-channels-last";
import { DeepCache } from "@skipstep/plugin-deepcache";
import { EasyCache } from "@skipstep/plugin-easycache";
import { FirstBlockCache } from "@skipstep/plugin-fbcache";
import { Fora } from "@skipstep/plugin-fora";
import { Guidance } from "@skipstep/plugin-guidance";
import { MagCache } from "@skipstep/plugin-magcache";
import { SeaCache } from "@skipstep/plugin-seacache";
import { TeaCache } from "@skipstep/plugin-teacache";
import { ToMe } from "@skipstep/plugin-tome";
import { Xformers } from "@skipstep/plugin-xformers";
import { describe, expect, it } from "vitest";
import { device, findDriver, timeout } from "./device";
import { findCases } from "./golden-kinds/cases";
import { expectImages } from "./golden-kinds/pipelines";
import { engineCache } from "./run-folder";

/** A small case of each architecture; those that have none of their own run in a pipeline below. */
const passes = [
  "attention/LowerTriangularMask",
  "clip-l",
  "models-extra/clip-projection",
  "models-extra/dit-affine",
  "models-extra/flux2-odd",
  "models-extra/kl-old-names",
  "models-extra/pixart-sigma",
  "models-extra/qwen-image-layered",
  "models-extra/sd3-dual-last",
  "models-extra/tiny-pool",
  "models-extra/unet-odd",
  "models-extra/unet2d-fourier",
  "flux-schnell",
  "qwen3",
  "t5",
];

interface Drawing extends Pick<ConfigInput, "plugins"> {
  readonly steps: number;
  /** What keeps a family from work of a minute: hundreds of tokens, and pictures that it draws larger and cuts. */
  readonly small?: GenerateConfig;
  /** Whether nodes on the CPU are an error; `true` when left out. */
  readonly strict?: boolean;
}

const text = { max_sequence_length: 24 };
const plain = { ...text, use_resolution_binning: false };

/** By the folder of a pipeline. The shipped models are in the whole list: two steps of one are 25 s of a core. */
const drawings: Readonly<Record<string, Drawing>> = {
  dit: { steps: 3, plugins: [{ use: Fora, options: { interval: 2 } }] },
  flux: {
    small: text,
    steps: 3,
    plugins: [{ use: TeaCache, options: { rel_l1_thresh: 10, coefficients: [1, 0] } }],
  },
  "flux2-klein-base": {
    small: text,
    steps: 3,
    plugins: [{ use: MagCache, options: { mag_ratios: [1, 1, 1], threshold: 1 } }],
  },
  pixart: { small: plain, steps: 2, plugins: [{ use: ToMe, options: { max_downsample: 8 } }], strict: false },
  "pixart-alpha": {
    small: plain,
    steps: 5,
    plugins: [{ use: AdaCache, options: { codebook: [[100, 3]] } }],
  },
  "qwen-image": {
    small: text,
    steps: 4,
    plugins: [{ use: SeaCache, options: { threshold: 100 } }],
  },
  sana: {
    small: plain,
    steps: 3,
    plugins: [{ use: CacheDit, options: { Fn_compute_blocks: 1, residual_diff_threshold: 10, max_warmup_steps: 1 } }],
  },
  "sana-sprint": { small: plain, steps: 2, plugins: [Xformers] },
  sd15: { steps: 3, plugins: [{ use: DeepCache, options: { cache_interval: 2 } }] },
  sdxl: { steps: 2, plugins: [{ use: ChannelsLast, components: ["unet", "vae"] }] },
  sd3: {
    small: text,
    steps: 2,
    plugins: [{ use: FirstBlockCache, options: { threshold: 10 } }],
  },
  "sd35-no-t5": {
    steps: 5,
    plugins: [{ use: EasyCache, options: { threshold: 100, start: 0, end: 1 } }],
  },
  "z-image": { steps: 2, plugins: [{ use: Guidance, options: { cfg_gate_step: 0.5 } }] },
};

const driver = await findDriver();
console.log(`driver for ${device}: ${driver.name}`);

it.skipIf(driver.works || !process.env.CI)("finds a driver", () => expect(driver.works, driver.name).toBe(true));

describe.skipIf(!driver.works)("a pass agrees with the reference", () => {
  const cases = findCases(join(import.meta.dirname, "golden"));
  it.each(passes)("%s", (name) => cases.find((one) => one.name === name)!.run!(), timeout);
});

describe.skipIf(!driver.works)("draws and decides as the CPU does", () => {
  it.each(Object.entries(drawings))(
    "%s",
    async (folder, { steps, small = {}, plugins = [], strict = true }) => {
      const model = join(import.meta.dirname, "golden/pipelines", folder);
      const what = folder === "dit" ? { class_labels: [1] } : { prompt: "a cat" };
      const generate: GenerateConfig = {
        ...what,
        ...small,
        num_inference_steps: steps,
        height: 64,
        width: 64,
      };
      const [expected, found] = [
        await draw({ model, plugins, generate, strict }, "cpu"),
        await draw({ model, plugins, generate, strict }, device),
      ];
      expect(decisionsOf(found)).toEqual(decisionsOf(expected));
      expect(
        found.report.plugins.every(({ effect }) => effect),
        "effect",
      ).toBe(true);
      const [{ values, height, width }] = expected.images as [Image, ...Image[]];
      expectImages(found, floats([height, width, 3], values), 2e-3);
    },
    timeout,
  );
});

async function draw(config: ConfigInput, device: string): Promise<GenerateResult> {
  const pipeline = await createPipeline({ ...config, device }, { cacheDir: engineCache });
  try {
    return await pipeline.generate({ seed: 1 });
  } finally {
    await pipeline.close();
  }
}

/** What plugins computed and reused, and what they took over. */
function decisionsOf({ report }: GenerateResult) {
  return report.plugins.map(({ name, effect, regions, guidance, tokens, build }) => ({
    ...{ name, effect, guidance, tokens, build },
    regions: regions.map(({ name, computed, reused }) => ({ name, computed, reused })),
  }));
}
