import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import {
  type ConfigInput,
  createPipeline,
  type GenerateResult,
  inspectConfig,
  type Pipeline,
  type PluginUse,
  validateConfig,
} from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import {
  disableMemoryEfficientAttention,
  enableMemoryEfficientAttention,
  resetAttentionBackend,
  setAttentionBackend,
  Xformers,
} from "../src/index";

describePlugin(Xformers, {
  exact: { attention_backend: "native" }, // core's own attention: the result is equal bit by bit
  active: { op: "cutlass", block_size: 7 }, // takes the attentions over
  tolerance: 1e-3, // largest absolute difference of the latents from those without the plugin
});

const root = join(import.meta.dirname, "../../..");
const emoji = join(root, "models/emoji");
const generate = { prompt: "red heart", num_inference_steps: 2, height: 128, width: 128, seed: 1 };

async function withPipeline<Result>(
  config: ConfigInput,
  body: (pipeline: Pipeline) => Promise<Result>,
): Promise<Result> {
  const pipeline = await createPipeline({ model: emoji, generate, ...config }, { cacheDir, folder: root });
  try {
    return await body(pipeline);
  } finally {
    await pipeline.close();
  }
}

const using = (options: object, more: Partial<PluginUse> = {}): ConfigInput => ({
  plugins: [{ use: Xformers, options, ...more }],
});

function largestDifference(a: GenerateResult, b: GenerateResult): number {
  const [x, y] = [a.images[0]!.values, b.images[0]!.values];
  return x.reduce((most, value, i) => Math.max(most, Math.abs(value - y[i]!)), 0);
}

const kernelsOf = ({ report }: GenerateResult): object => report.plugins[0]!.build.kernels;

describe("xformers on the emoji model", () => {
  const plain = withPipeline({}, (pipeline) => pipeline.generate());

  it.each([
    [{ op: "flash" }, "flash"],
    [{ op: "math" }, "math"],
    [{ op: "cutlass", block_size: 50 }, "cutlass of 50"],
  ])("draws the same image with %j in all its components", async (options, kernel) => {
    const components = ["transformer", "text_encoder"];
    const result = await withPipeline(using(options, { components }), (pipeline) => pipeline.generate());
    expect(largestDifference(result, await plain)).toBeLessThan(2e-3);
    expect(kernelsOf(result)).toEqual({ [kernel]: 11 });
  });

  it("is another image under a window, and the same under one that leaves nothing out", async () => {
    const windowOf = (width: number) =>
      withPipeline(
        using({
          op: "cutlass",
          attn_bias: { LocalAttentionFromBottomRightMask: { window_left: width, window_right: width } },
        }),
        (pipeline) => pipeline.generate(),
      );
    const wide = await windowOf(100_000);
    expect(largestDifference(wide, await plain)).toBeLessThan(2e-3);
    expect(kernelsOf(wide)).toEqual({ "cutlass of 256 under LocalAttentionFromBottomRightMask": 9 });
    expect(largestDifference(await windowOf(4), await plain)).toBeGreaterThan(0.05);
  });

  it("is cut where a plugin beside it asks for that", async () => {
    const plugins = [
      { use: "fbcache", options: { threshold: 0 } },
      { use: Xformers, options: { op: "cutlass", block_size: 60 } },
    ];
    const result = await withPipeline({ plugins }, (pipeline) => pipeline.generate());
    expect(largestDifference(result, await plain)).toBeLessThan(2e-3);
    expect(result.report.plugins.map(({ regions }) => regions.length)).toEqual([2, 0]);
  });

  it("takes a backend for each kind and component, which inspection tells", async () => {
    const options = { attention_backend: { text_encoder: "math", "transformer.self": "native" } };
    const more = { components: ["transformer", "text_encoder"] };
    const { components } = inspectConfig(await validateConfig({ model: emoji, generate, ...using(options, more) }));
    const kernels = components.map(({ name, attentions }) => [name, [...new Set(attentions.map((a) => a.kernel))]]);
    expect(kernels).toEqual([
      ["text_encoder", ["math"]],
      ["transformer", ["MultiHeadAttention"]],
      ["vae", []],
    ]);
  });

  it("is estimated to take less memory the smaller its blocks are", async () => {
    const sized = { ...generate, height: 512, width: 512 };
    const bytesOf = async (options: object): Promise<number> => {
      const checked = await validateConfig({ model: emoji, generate: sized, ...using(options) });
      return inspectConfig(checked).components.find(({ name }) => name === "transformer")!.activationBytes;
    };
    const bytes = [await bytesOf({ op: "math" })];
    for (const block_size of [512, 128]) bytes.push(await bytesOf({ op: "cutlass", block_size }));
    for (const [i, more] of bytes.slice(0, -1).entries()) expect(bytes[i + 1]).toBeLessThan(0.8 * more);
  });
});

describe("switching an open pipeline", () => {
  it("is set, changed and reset, and the images are those of pipelines that were opened so", async () => {
    await withPipeline({}, async (pipeline) => {
      const before = await pipeline.generate();
      await enableMemoryEfficientAttention(pipeline, { op: "cutlass", block_size: 64 });
      const under = pipeline.generate(); // asked for before the next switch
      await setAttentionBackend(pipeline, "native");
      expect(kernelsOf(await under)).toEqual({ "cutlass of 64": 9 });
      expect(kernelsOf(await pipeline.generate())).toEqual({});
      await resetAttentionBackend(pipeline);
      const enabled = await pipeline.generate();
      expect(kernelsOf(enabled)).toEqual({ "cutlass of 64": 9 });
      expect(enabled.recipe.config.plugins[0]!.options).toMatchObject({ op: "cutlass", attention_backend: {} });
      expect(enabled.latents.data).toEqual((await under).latents.data);
      await disableMemoryEfficientAttention(pipeline);
      expect(pipeline.plugins).toEqual([]);
      expect((await pipeline.generate()).latents.data).toEqual(before.latents.data);
    });
  });

  it("leaves the pipeline as it was where the options are wrong", async () => {
    await withPipeline(using({ op: "math" }), async (pipeline) => {
      await expect(enableMemoryEfficientAttention(pipeline, { op: "flesh" as "flash" })).rejects.toThrow(
        'must be one of "flash", "cutlass", "math", found "flesh". Did you mean "flash"?',
      );
      expect(kernelsOf(await pipeline.generate())).toEqual({ math: 9 });
    });
  });
});

describe("xformers refuses", () => {
  const local = (given: object): object => ({ attn_bias: { LocalAttentionFromBottomRightMask: given } });
  it.each<[object, string]>([
    [
      { op: "cutlas" },
      '/options/op must be one of "flash", "cutlass", "math", found "cutlas". Did you mean "cutlass"?',
    ],
    [{ p: 0.1 }, 'p of plugin "xformers" must be 0, found 0.1: dropout belongs to training'],
    [{ block_size: 0 }, "/options/block_size must be >= 1, found 0."],
    [{ attn_bias: "LowerTriangleMask" }, 'knows no "LowerTriangleMask". Did you mean "LowerTriangularMask"?'],
    [local({ window_left: -1, window_right: 2 }), "needs an integer of at least 0 as window_left, found -1"],
    [local({ window_left: 1 }), 'needs "window_right"'],
    [local({ window_left: 1, window_right: 1, window: 1 }), 'has no "window". It takes: window_left, window_right.'],
    [{ attn_bias: "LocalAttentionFromBottomRightMask" }, 'needs "window_left"'],
    [
      { attn_bias: { LowerTriangularFromBottomRightLocalAttentionMask: { window_size: 0 } } },
      "at least 1 as window_size",
    ],
    [{ attn_bias: { BlockDiagonalMask: { q_seqlen: [3, 0] } } }, "needs a list of positive integers as q_seqlen"],
    [
      { attn_bias: { BlockDiagonalMask: { q_seqlen: [3, 4], kv_seqlen: [7] } } },
      "as many kv_seqlen as q_seqlen, found 1 and 2",
    ],
    [{ attention_backend: "flush" }, 'attention_backend of plugin "xformers" knows no "flush". Did you mean "flash"?'],
    [{ attention_backend: { text_encodr: "math" } }, 'has no place "text_encodr". Did you mean "text_encoder"?'],
  ])("%j", async (options, message) => {
    await expect(validateConfig({ model: emoji, generate, ...using(options) })).rejects.toThrow(message);
  });

  it("sequences that are not all tokens, once these are known", async () => {
    const options = { attn_bias: { BlockDiagonalMask: { q_seqlen: [10, 20] } } };
    await withPipeline(using(options), async (pipeline) => {
      await expect(pipeline.generate()).rejects.toMatchObject({
        code: "SKIPSTEP_PLUGIN_OPTION",
        message: expect.stringMatching(/^q_seqlen of plugin "xformers" must add up to the \d+ queries .*, found 30\./),
      });
    });
  });
});
