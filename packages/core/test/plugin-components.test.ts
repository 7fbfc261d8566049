import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  type ConfigInput,
  createPipeline,
  type GenerateResult,
  inspectConfig,
  listEngines,
  validateConfig,
} from "../src/index";
import type { Hooks, PluginClass } from "../src/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 1, guidance_scale: 0, height: 32, width: 32, seed: 3 };
const folder = mkdtempSync(join(tmpdir(), "skipstep-components-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Emits what core would, says so, and writes down where it was asked. */
function asking(asked: Set<string> = new Set()): PluginClass {
  const attention: Hooks["attention"] = ({ query, key, value, heads, keyMask, causal }, g) => {
    asked.add(g.component);
    const output = g.node("MultiHeadAttention", [query, key, value, undefined, keyMask], query.shape, {
      domain: "com.microsoft",
      // the default, so that only the text differs
      attributes: {
        num_heads: { int: heads },
        unidirectional: { int: causal ? 1 : 0 },
        mask_filter_value: { float: -10000 },
      },
    });
    return { output, kernel: "same" };
  };
  const weightLoad: Hooks["weightLoad"] = (weight, g) => {
    expect(weight.component).toBe(g.component);
    asked.add(`${g.component} weights`);
    return undefined;
  };
  return pluginWith("asking", () => ({ attention, weightLoad }), { regions: () => [] });
}

const watching = pluginWith("watching", () => ({ beforeStep: () => undefined }), { regions: () => [] });

async function run(config: ConfigInput, cacheDir = join(folder, "cache")): Promise<GenerateResult> {
  const pipeline = await createPipeline({ model, generate, ...config }, { cacheDir, threads: 1 });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

describe("a plugin's components", () => {
  it("are the denoiser alone where nothing is said", async () => {
    const asked = new Set<string>();
    const { report, recipe } = await run({ plugins: [asking(asked)] });
    expect(asked).toEqual(new Set(["transformer", "transformer weights"]));
    expect(report.plugins[0]).toMatchObject({
      summary: "6 attentions as same",
      build: { attentions: 6, kernels: { same: 6 }, components: { transformer: { attentions: 6 } } },
    });
    expect(recipe.config.plugins).toEqual([{ use: "asking", options: {} }]);
  });

  it("are asked for all build hooks, counted each, compiled anew, and written into the recipe", async () => {
    const asked = new Set<string>();
    const cacheDir = join(folder, "own-cache");
    const plain = await run({}, cacheDir);
    const use = { use: asking(asked), components: ["text_encoder", "vae"] };
    const { report, recipe, images } = await run({ plugins: [use], strict: true }, cacheDir);
    expect(asked).toEqual(new Set(["text_encoder", "text_encoder weights", "vae", "vae weights"]));
    const { build, summary } = report.plugins[0]!;
    expect(Object.keys(build.components)).toEqual(["text_encoder", "vae"]);
    expect(build.attentions).toBe(build.components.text_encoder!.attentions + build.components.vae!.attentions);
    expect(summary).toBe(`${build.attentions} attentions as same; in text_encoder, vae`);
    expect(recipe.config.plugins).toEqual([{ use: "asking", options: {}, components: ["text_encoder", "vae"] }]);
    expect(images[0]!.values).toEqual(plain.images[0]!.values);
    const engines = listEngines(cacheDir).filter(({ plugins }) => plugins?.includes("asking"));
    expect(engines.map(({ component }) => component).sort()).toEqual(["text_encoder", "vae"]);
  });

  it("are asked for functions that are opened later", async () => {
    const asked = new Set<string>();
    const picture = { width: 64, height: 64, values: new Float32Array(64 * 64 * 3) };
    const pipeline = await createPipeline(
      {
        model: join(import.meta.dirname, "../../../test/golden/pipelines/sd15"),
        generate: { ...generate, num_inference_steps: 2, height: 64, width: 64 },
        plugins: [{ use: asking(asked), components: ["vae"] }],
      },
      { cacheDir: join(folder, "cache"), threads: 1 },
    );
    try {
      const before = await pipeline.generate();
      asked.clear();
      const after = await pipeline.generate({ picture, strength: 0.5 });
      expect(asked).toEqual(new Set(["vae", "vae weights"]));
      const attentions = ({ report }: GenerateResult): number => report.plugins[0]!.build.components.vae!.attentions;
      expect(attentions(after)).toBeGreaterThan(attentions(before));
    } finally {
      await pipeline.close();
    }
  });

  it("are shown by inspection, with the kernel of every attention", async () => {
    const plugins = [{ use: asking(), components: ["transformer", "text_encoder"] }];
    const { components, plugins: inspected } = inspectConfig(await validateConfig({ model, generate, plugins }));
    const [textEncoder, transformer, vae] = components.map(({ attentions }) => attentions);
    expect(transformer).toHaveLength(6);
    expect(transformer![0]).toEqual({ scope: expect.any(String), kind: "self", plugin: "asking", kernel: "same" });
    expect(textEncoder!.every(({ kernel }) => kernel === "same")).toBe(true);
    expect(vae!.length).toBeGreaterThan(0);
    expect(vae!.every(({ kernel, plugin }) => kernel === "MultiHeadAttention" && plugin === undefined)).toBe(true);
    expect(inspected[0]!.components.transformer!.attentions).toBe(6);
  });

  it.each<[string, object, string]>([
    [
      "/plugins/0/components/1",
      { components: ["vae", "text_encoders"] },
      'is no component of this pipeline, found "text_encoders". It has: text_encoder, transformer, vae. Did you mean "text_encoder"?',
    ],
    ["/plugins/0/components", { components: [] }, "must not be empty."],
    ["/plugins/0/components", { components: "vae" }, 'must be a list, found "vae".'],
    ["/plugins/0/components", { components: ["vae", "vae"] }, "NOT have duplicate items"],
    ["/plugins/0/components/0", { components: [3] }, "must be a string, found 3."],
    [
      "/plugins/0/components",
      { use: watching, components: ["transformer", "vae"] },
      'names vae, and plugin "watching" works while the denoiser (transformer) runs, and on nothing else. Remove "components".',
    ],
  ])("are refused at %s for %j", async (pointer, entry, message) => {
    const config = { model, generate, plugins: [{ use: asking(), ...entry }] } as ConfigInput;
    const problems = await validateConfig(config).catch((error) => error.problems);
    expect(problems).toEqual([expect.objectContaining({ pointer, message: expect.stringContaining(message) })]);
  });

  it("may name the denoiser for a plugin that only watches", async () => {
    await expect(
      validateConfig({ model, generate, plugins: [{ use: watching, components: ["transformer"] }] }),
    ).resolves.toBeDefined();
  });
});
