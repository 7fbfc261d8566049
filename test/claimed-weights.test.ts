import { join } from "node:path";
import { type ConfigInput, type GenerateResult, inspectConfig, type PluginUse, validateConfig } from "@skipstep/core";
import { beforeAll, describe, expect, it } from "vitest";
import { Bnb, type BnbOptions } from "../plugins/bnb/src/index";
import { ChannelsLast } from "../plugins/channels-last/src/index";
import { Gguf } from "../plugins/gguf/src/index";
import { SvdQuant, type SvdQuantOptions } from "../plugins/svdquant/src/index";
import { draw } from "./draw";
import { temporaryFolder } from "./emoji";
import { engineCache as cacheDir } from "./run-folder";
import { writeGguf } from "./write-gguf";

const files = temporaryFolder();
const root = join(import.meta.dirname, "..");
const model = join(root, "packages/contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };

const bnb = (options: Partial<BnbOptions> = {}): PluginUse => ({
  use: Bnb,
  options: { load_in_8bit: true, ...options },
});
const svdquant = (options: Partial<SvdQuantOptions> = {}): PluginUse => ({
  use: SvdQuant,
  options: { rank: 4, ...options },
});

const drawWith = (plugins: PluginUse[], more: Partial<ConfigInput> = {}): Promise<GenerateResult> =>
  draw({ model, generate, plugins, ...more }, cacheDir);

/** Weights that each plugin took over, by its name. */
function claims({ report }: GenerateResult): Record<string, number> {
  return Object.fromEntries(report.plugins.map(({ name, build }) => [name, build.weights]));
}

describe("a weight that two plugins would store", () => {
  let all: number;
  let targets: number;
  beforeAll(async () => {
    all = claims(await drawWith([bnb()])).bnb!;
    targets = claims(await drawWith([svdquant()])).svdquant!;
  });

  it("is the first one's, in the order of the config", async () => {
    const first = await drawWith([bnb(), svdquant()]);
    const second = await drawWith([svdquant(), bnb()]);
    expect(claims(first)).toEqual({ bnb: all, svdquant: 0 });
    expect(claims(second)).toEqual({ svdquant: targets, bnb: all - targets });
    expect(targets).toBeLessThan(all);
    expect(first.latents.data).toEqual((await drawWith([bnb()])).latents.data);
    expect(second.latents.data).not.toEqual(first.latents.data);
  });

  it("is told of: who got what, and who came too late", async () => {
    const first = await drawWith([bnb(), svdquant()]);
    expect(first.report.plugins.map(({ effect }) => effect)).toEqual([true, false]);
    expect(first.report.warnings).toEqual([expect.stringMatching(/"svdquant" had no effect/)]);
    const second = await drawWith([svdquant(), bnb()]);
    expect(second.report.plugins.map(({ summary }) => summary)).toEqual([
      expect.stringMatching(`^${targets} weights as svdquant-w4a16, `),
      expect.stringMatching(`^${all - targets} weights as int8, `),
    ]);
    expect(second.report.warnings).toEqual([]);
    const inspected = inspectConfig(await validateConfig({ model, generate, plugins: [svdquant(), bnb()] }));
    expect(inspected.plugins.map(({ name, weights }) => [name, weights])).toEqual([
      ["svdquant", targets],
      ["bnb", all - targets],
    ]);
  });

  it("is the second one's where the first leaves it", async () => {
    const left = await drawWith([bnb({ llm_int8_skip_modules: ["feed_forward"] }), svdquant()]);
    const { bnb: eights, svdquant: fours } = claims(left) as { bnb: number; svdquant: number };
    expect(eights + fours).toBe(all);
    expect(fours).toBeGreaterThan(0);
    expect(fours).toBeLessThan(targets);
  });
});

describe("weights that GGUF packed", () => {
  const file = join(files, "text.gguf");
  const components = { text_encoder: file };
  const everywhere = ["transformer", "text_encoder"];
  const plugins: PluginUse[] = [
    { use: Bnb, options: { load_in_8bit: true }, components: everywhere },
    { use: Gguf, components: everywhere },
  ];

  beforeAll(() => writeGguf(model, file, "text_encoder"));

  it("stay packed, whichever plugin is asked first", async () => {
    const [first, second] = [
      await drawWith(plugins, { components }),
      await drawWith(plugins.toReversed(), { components }),
    ];
    expect(second.latents.data).toEqual(first.latents.data);
    expect(claims(second)).toEqual(claims(first));
    for (const { report } of [first, second]) {
      const build = (name: string) => report.plugins.find((plugin) => plugin.name === name)!.build;
      expect(Object.keys(build("gguf").components)).toEqual(["text_encoder"]);
      expect(build("gguf").forms).toHaveProperty("Q8_0 in 8 bits");
      expect(build("bnb").components).toHaveProperty("transformer");
      expect(Object.keys(build("bnb").forms)).toEqual(["int8"]);
    }
  });

  it("of a denoiser are refused to a plugin that would quantize them again, in either order", async () => {
    const transformer = join(files, "transformer.gguf");
    await writeGguf(model, transformer);
    for (const both of [
      [bnb(), { use: Gguf }],
      [{ use: Gguf }, bnb()],
    ])
      await expect(validateConfig({ model, generate, components: { transformer }, plugins: both })).rejects.toThrow(
        /load_in_8bit of plugin "bnb" would quantize weights that are quantized already \(gguf reads them\)/,
      );
  });
});

it("convolutions and linear layers go to those who take them, whichever is asked first", async () => {
  const plugins: PluginUse[] = [{ use: ChannelsLast, options: { int8: "dynamic" } }, bnb()];
  for (const order of [plugins, plugins.toReversed()]) {
    const unet = { model: join(root, "models/emoji-unet"), generate: { prompt: "a cat" }, plugins: order };
    const inspected = inspectConfig(await validateConfig(unet));
    const found = Object.fromEntries(inspected.plugins.map(({ name, weights }) => [name, weights]));
    expect(found).toEqual({ "channels-last": 71, bnb: 129 });
  }
});

it("a quantizer rounds SANA's convolutions of 1 x 1, which are linears of its tokens", async () => {
  const model = join(root, "test/golden/pipelines/sana");
  const claimed = async (modules: string[]): Promise<number> => {
    const plugins = [bnb({ llm_int8_skip_modules: modules })];
    return claims(await drawWith(plugins, { model, generate: { ...generate, height: 64, width: 64 } })).bnb!;
  };
  const blocks = 3;
  expect((await claimed(["proj_out"])) - (await claimed(["proj_out", "ff"]))).toBe(2 * blocks);
});
