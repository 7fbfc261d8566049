import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { createPipeline } from "../src/index";
import type { Hooks, PluginClass } from "../src/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };

/** Observes what goes into two linears: inside the region "rest" and outside of it. */
function watcher(hooks: Partial<Hooks>): { plugin: PluginClass; seen: string[] } {
  const seen: string[] = [];
  const plugin = pluginWith("watcher", () => ({
    weightLoad({ name, input }, graph) {
      if (/^layers\.\d+\.feed_forward\.w2/.test(name)) graph.observe(`watcher.${name}`, input);
      return undefined;
    },
    async observed(step, values) {
      for (const [name, value] of Object.entries(values)) {
        const { data } = await value.read();
        seen.push(`${step.index} ${name} ${value.shape.length} ${data.length === value.byteLength / 4}`);
      }
    },
    ...hooks,
  }));
  return { plugin, seen };
}

async function generated(...plugins: PluginClass[]) {
  const pipeline = await createPipeline({ model, plugins, generate }, { cacheDir, threads: 1 });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

describe("observed", () => {
  const line = (step: number, layer: number) => `${step} watcher.layers.${layer}.feed_forward.w2.weight 3 true`;

  it("is given the values of each pass, in regions and outside of them, and changes nothing", async () => {
    const { plugin, seen } = watcher({ blockForward: (_call, inputs, next) => next(inputs) });
    const { latents, report } = await generated(plugin);
    expect(seen.slice(0, 2)).toEqual([line(0, 0), line(0, 1)]);
    expect(seen.filter((text) => text.startsWith("1 "))).toHaveLength(seen.length / 2);
    expect(latents.data).toEqual((await generated()).latents.data);
    expect(report.plugins[0]).toMatchObject({ effect: false });
  });

  it("is not given those of a region that was skipped", async () => {
    const { plugin, seen } = watcher({ blockForward: async (_call, { hidden }) => ({ hidden: hidden! }) });
    await generated(plugin);
    expect(seen).toEqual([line(0, 0), line(1, 0)]);
  });

  it("counts as watching", async () => {
    const { plugin } = watcher({});
    const { report } = await generated(plugin);
    expect(report.plugins[0]).toMatchObject({ summary: "watched 2 of 2 steps", effect: true });
  });
});
