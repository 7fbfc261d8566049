import { join } from "node:path";
import { type ConfigInput, createPipeline, type GenerateResult, type PluginUse } from "@skipstep/core";
import { beforeAll, describe, expect, it } from "vitest";
import { Bnb } from "../plugins/bnb/src/index";
import { CacheDit } from "../plugins/cache-dit/src/index";
import { ChannelsLast } from "../plugins/channels-last/src/index";
import { DeepCache } from "../plugins/deepcache/src/index";
import { EasyCache } from "../plugins/easycache/src/index";
import { FirstBlockCache } from "../plugins/fbcache/src/index";
import { Gguf } from "../plugins/gguf/src/index";
import { Guidance } from "../plugins/guidance/src/index";
import { SvdQuant } from "../plugins/svdquant/src/index";
import { Xformers } from "../plugins/xformers/src/index";
import { draw, psnr } from "./draw";
import { emojiConfig, temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";
import { writeGguf } from "./write-gguf";

const files = temporaryFolder();
const root = join(import.meta.dirname, "..");
const gguf = join(files, "transformer.gguf");
const heart = { prompt: "red heart" };
const book = { prompt: "green book", seed: 7 };
const generate = { num_inference_steps: 12 };

const cacheDit: PluginUse = {
  use: CacheDit,
  options: {
    Fn_compute_blocks: 1,
    max_warmup_steps: 0,
    residual_diff_threshold: 0.3,
    max_continuous_cached_steps: 2,
    calibrator_type: "taylorseer",
  },
};

interface Composition {
  /** Without plugins. */
  readonly plain: ConfigInput;
  /** What the plugins besides the cache need. */
  readonly more?: Partial<ConfigInput>;
  readonly plugins: readonly PluginUse[];
  readonly cache: PluginUse;
  /** Lines of the report, one a plugin. */
  readonly says: readonly RegExp[];
  /** Least decibels to the image of the cache alone, and of the others alone. */
  readonly toCache: number;
  readonly toOthers: number;
}

const compositions: Readonly<Record<string, Composition>> = {
  "bnb, xformers and cache-dit": {
    plain: emojiConfig({ generate }),
    plugins: [
      { use: Bnb, options: { load_in_8bit: true } },
      { use: Xformers, options: { op: "cutlass", block_size: 40 } },
    ],
    cache: cacheDit,
    says: [/^\d+ weights as int8, /, /^9 attentions as cutlass of 40$/, /^reused 8 of 12 steps/],
    toCache: 41,
    toOthers: 28,
  },
  "gguf and fbcache": {
    plain: emojiConfig({ generate }),
    more: { components: { transformer: gguf } },
    plugins: [{ use: Gguf }],
    cache: { use: FirstBlockCache, options: { threshold: 0.12 } },
    says: [/^71 weights as Q8_0 in 8 bits, [^,]* MB$/, /^reused 5 of 12 steps/],
    toCache: 43,
    toOthers: 37,
  },
  "gguf by int8 and cache-dit": {
    plain: emojiConfig({ generate }),
    more: { components: { transformer: gguf } },
    plugins: [{ use: Gguf, options: { kernel: "int8" } }],
    cache: cacheDit,
    says: [/^71 weights as Q8_0 in 8 bits with int8 activations, .*, noise 0.50%$/, /^reused 8 of 12 steps/],
    toCache: 41,
    toOthers: 28,
  },
  "svdquant and cache-dit": {
    plain: emojiConfig({ generate }),
    plugins: [{ use: SvdQuant, options: { rank: 16, skip: ["layers.4", "layers.5", "layers.6"] } }],
    cache: cacheDit,
    says: [/^42 weights as svdquant-w4a16, /, /^reused 8 of 12 steps/],
    toCache: 33,
    toOthers: 28,
  },
  "channels-last, bnb and deepcache": {
    plain: emojiConfig({ model: join(root, "models/emoji-unet"), generate: { num_inference_steps: 6 } }),
    plugins: [
      { use: ChannelsLast, options: { int8: "dynamic" } },
      { use: Bnb, options: { load_in_8bit: true, llm_int8_threshold: 0 } },
    ],
    cache: { use: DeepCache, options: { cache_interval: 3 } },
    says: [/^71 weights as int8, .* 0 transposes left/, /^129 weights as int8, /, /^reused 4 of 6 steps/],
    toCache: 44,
    toOthers: 20,
  },
  "bnb, xformers and easycache": {
    plain: emojiConfig({ generate }),
    plugins: [
      { use: Bnb, options: { load_in_8bit: true } },
      { use: Xformers, options: { op: "cutlass", block_size: 40 } },
    ],
    cache: { use: EasyCache, options: { threshold: 0.2 } },
    says: [/^\d+ weights as int8, /, /^9 attentions as cutlass of 40$/, /^reused \d of 12 steps/],
    toCache: 38,
    toOthers: 25,
  },
};

it("guidance and a cache of blocks decide each its own, in one batch and in two", async () => {
  const plugins = [
    { use: Guidance, options: { cfg_gate_step: 0.25, cfg_gate_refresh: 3 } },
    { use: FirstBlockCache, options: { threshold: 0.12 } },
  ];
  const plain = await draw(emojiConfig({ generate }), cacheDir, heart);
  for (const guidance of ["batch", "separate"] as const) {
    const drawn = await draw({ ...emojiConfig({ generate }), plugins, guidance, strict: true }, cacheDir, heart);
    const summaries = drawn.report.plugins.map(({ summary }) => summary);
    expect(summaries).toEqual([
      expect.stringMatching(/^guided 6 of 12 steps, 18 of 24 passes, saved /),
      expect.stringMatching(/^reused \d+ of 12 steps, saved /),
    ]);
    expect(psnr(drawn, plain)).toBeGreaterThan(25);
  }
});

describe("any two of guidance, cache, quantizer and attention", () => {
  const model = join(root, "test/golden/pipelines/z-image");
  const config: ConfigInput = {
    model,
    generate: { prompt: "a cat", num_inference_steps: 6, guidance_scale: 3, height: 64, width: 64, seed: 3 },
    strict: true,
  };
  const local = { LocalAttentionFromBottomRightMask: { window_left: 20, window_right: 20 } };
  const uses: Readonly<Record<string, PluginUse>> = {
    guidance: { use: Guidance, options: { cfg_gate_step: 0.2, cfg_gate_refresh: 2 } },
    cache: { use: CacheDit, options: { Fn_compute_blocks: 1, max_warmup_steps: 2, residual_diff_threshold: 1 } },
    quantizer: { use: Bnb, options: { load_in_4bit: true, bnb_4bit_kernel: "int8" } },
    attention: { use: Xformers, options: { op: "cutlass", block_size: 16, attn_bias: local } },
  };
  const names = Object.keys(uses);
  const pairs = names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other] as const));
  const alone = new Map<string, GenerateResult>();
  let plain: GenerateResult;

  beforeAll(async () => {
    plain = await draw(config, cacheDir);
    for (const [name, use] of Object.entries(uses))
      alone.set(name, await draw({ ...config, plugins: [use] }, cacheDir));
  });

  it("each changes the image", () => {
    for (const [name, drawn] of alone) expect(psnr(drawn, plain), name).toBeLessThan(55);
  });

  it.each(pairs)("%s and %s, in either order", async (one, other) => {
    const [first, second] = [alone.get(one)!, alone.get(other)!];
    const both = await draw({ ...config, plugins: [uses[one]!, uses[other]!] }, cacheDir);
    const turned = await draw({ ...config, plugins: [uses[other]!, uses[one]!] }, cacheDir);
    expect(turned.images[0]!.data).toEqual(both.images[0]!.data);
    expect(both.report.warnings).toEqual([]);
    // Each does what it does alone: on top of the other it changes about as much as on the plain image. Only what two
    // that skip work remember is of different steps.
    const apart = one === "guidance" && other === "cache" ? 12 : 6;
    for (const [at, own, others] of [
      [0, first, second],
      [1, second, first],
    ] as const) {
      const [mine] = own.report.plugins;
      expect(both.report.plugins[at]).toMatchObject({ name: mine!.name, effect: true });
      expect(both.latents.data).not.toEqual(others.latents.data);
      expect(Math.abs(psnr(both, others) - psnr(own, plain))).toBeLessThan(apart);
    }
  });
});

beforeAll(() => writeGguf(join(root, "models/emoji"), gguf));

/** Steps that the cache reused; it stands last. */
function reusedBy({ report }: GenerateResult): readonly number[] {
  return report.plugins.at(-1)!.regions.flatMap(({ reused }) => reused);
}

describe.each(Object.entries(compositions))("%s", (_, { plain, more, plugins, cache, says, toCache, toOthers }) => {
  let alone: GenerateResult;
  let others: GenerateResult;
  let together: readonly GenerateResult[];
  let again: readonly GenerateResult[];

  beforeAll(async () => {
    [alone, others] = [
      await draw({ ...plain, plugins: [cache] }, cacheDir, heart),
      await draw({ ...plain, ...more, plugins: [...plugins] }, cacheDir, heart),
    ];
    const config = { ...plain, ...more, plugins: [...plugins, cache], strict: true };
    const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
    together = [await pipeline.generate(heart), await pipeline.generate(book)];
    again = await Promise.all([pipeline.generate(heart), pipeline.generate(book)]);
    await pipeline.close();
  });

  it("do what each of them does alone, and say so", () => {
    const [{ report, latents }] = together as [GenerateResult];
    expect(report.plugins.map(({ summary }) => summary)).toEqual(says.map((line) => expect.stringMatching(line)));
    expect(report.plugins.map(({ effect }) => effect)).toEqual(says.map(() => true));
    expect(report.warnings).toEqual([]);
    expect(reusedBy(together[0]!)).toEqual(reusedBy(alone));
    expect(psnr(together[0]!, alone)).toBeGreaterThan(toCache);
    expect(psnr(together[0]!, others)).toBeGreaterThan(toOthers);
    // Each is seen in the image: what the cache skips, and what the others round.
    expect(latents.data).not.toEqual(alone.latents.data);
    expect(latents.data).not.toEqual(others.latents.data);
  });

  it("make the same images again, after others and beside them", () => {
    for (const [i, { images, report }] of again.entries()) {
      expect(images[0]!.values).toEqual(together[i]!.images[0]!.values);
      expect(reusedBy(again[i]!)).toEqual(reusedBy(together[i]!));
      expect(report.plugins.map(({ build }) => build)).toEqual(together[i]!.report.plugins.map(({ build }) => build));
    }
    expect(psnr(together[1]!, together[0]!)).toBeLessThan(20);
  });
});
