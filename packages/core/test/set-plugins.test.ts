import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { createPipeline, type Pipeline, type PluginUse } from "../src/index";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const everyNth = join(import.meta.dirname, "../../../examples/plugin");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };
const opened: Pipeline[] = [];
afterAll(async () => {
  await Promise.all(opened.map((pipeline) => pipeline.close()));
});

async function open(plugins: readonly PluginUse[]): Promise<Pipeline> {
  const pipeline = await createPipeline({ model, plugins, generate }, { cacheDir, threads: 1 });
  opened.push(pipeline);
  return pipeline;
}

const watching = pluginWith("watching", () => ({ beforeStep: () => undefined }), { regions: () => [] });

it("keeps plugins that were named, passed as classes or given by a path", async () => {
  const pipeline = await open([{ use: watching }, { use: everyNth, options: { every: 1 } }]);
  const [first, second] = pipeline.config.plugins;
  await pipeline.setPlugins([first!, { ...second!, options: { every: 2 } }]);
  expect(pipeline.config.plugins.map(({ use, options }) => [use, options])).toEqual([
    ["watching", {}],
    [everyNth, { every: 2 }],
  ]);
  const { report, recipe } = await pipeline.generate();
  expect(report.plugins.map(({ name, effect }) => [name, effect])).toEqual([
    ["watching", true],
    ["every-nth", true],
  ]);
  expect(recipe.config.plugins).toEqual([
    { use: "watching", options: {} },
    { use: { name: "every-nth", sha256: expect.any(String) }, options: { every: 2 } },
  ]);
});

it("makes changes one after the other, and each image with the plugins that stood when it was asked for", async () => {
  const pipeline = await open([]);
  const before = pipeline.generate({ num_inference_steps: 300 }); // longer than opening takes
  const changes = [pipeline.setPlugins([{ use: watching }]), pipeline.setPlugins([])];
  expect((await before).report.plugins).toEqual([]);
  await changes[0];
  const between = pipeline.generate();
  await changes[1];
  expect((await between).report.plugins.map(({ name }) => name)).toEqual(["watching"]);
  expect((await pipeline.generate()).report.plugins).toEqual([]);
});

it("waits for the generation that it is asked for in", async () => {
  const pipeline = await open([]);
  let change: Promise<void> | undefined;
  const { report } = await pipeline.generate({
    num_inference_steps: 300, // longer than opening takes
    onProgress: ({ kind }) => {
      if (kind === "step") change ??= pipeline.setPlugins([{ use: watching }]);
      return change; // waited for at the end
    },
  });
  expect(report.plugins).toEqual([]);
  expect((await pipeline.generate()).report.plugins.map(({ name }) => name)).toEqual(["watching"]);
});

it("ends with the pipeline", async () => {
  const pipeline = await open([]);
  const change = pipeline.setPlugins([{ use: watching }]);
  const closed = pipeline.close();
  await expect(change).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
  await closed;
  await expect(pipeline.setPlugins([])).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
  await expect(pipeline.generate()).rejects.toMatchObject({ code: "SKIPSTEP_RUNTIME_STOPPED" });
});

it("leaves all as it was where a plugin is wrong, and goes on", async () => {
  const pipeline = await open([{ use: watching }]);
  await expect(pipeline.setPlugins([{ use: "nowhere" }])).rejects.toMatchObject({ code: "SKIPSTEP_PLUGIN_UNKNOWN" });
  expect(pipeline.plugins.map(({ name }) => name)).toEqual(["watching"]);
  await pipeline.setPlugins([]);
  expect((await pipeline.generate()).report.plugins).toEqual([]);
});
