import { join } from "node:path";
import { expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { createPipeline } from "../src/index";
import type { Hooks, PluginClass } from "../src/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 1, guidance_scale: 0, height: 32, width: 32 };

/** Stores feed forward weights as they are, and says that they are noisy. */
function noisy(noise: number | undefined, ending = ""): PluginClass {
  const weightLoad: Hooks["weightLoad"] = ({ role, name, shape }, graph) =>
    role !== "linear" || !name.endsWith(`${ending}.weight`)
      ? undefined
      : {
          form: "float32",
          byteLength: 4 * shape[0]! * shape[1]!,
          ...(noise === undefined ? {} : { noise }),
          emit: (g, input, bias) => {
            const stored = graph.initializer(
              {
                key: `zeros ${shape}`,
                label: `${name} zeros`,
                byteLength: 4 * shape[0]! * shape[1]!,
                bytes: () => new Uint8Array(4 * shape[0]! * shape[1]!),
              },
              [shape[1]!, shape[0]!],
            );
            const product = g.matmul(input, stored);
            return bias ? g.add(product, bias) : product;
          },
        };
  return pluginWith("rounding", () => ({ weightLoad }), { regions: () => [] });
}

function cache(...thresholds: number[]): PluginClass {
  return pluginWith("cache", () => ({ blockForward: async (_call, inputs, next) => next(inputs) }), {
    thresholds: () => Object.fromEntries(thresholds.map((threshold, i) => [`difference${i}`, threshold])),
  });
}

async function warnings(...plugins: PluginClass[]): Promise<readonly string[]> {
  const pipeline = await createPipeline({ model, plugins, generate }, { cacheDir, threads: 1 });
  const { report } = await pipeline.generate();
  await pipeline.close();
  return report.warnings.filter((line) => line.includes("threshold"));
}

it("a threshold below the noise of the weights beside it is warned of, whatever the order", async () => {
  const line =
    'The threshold 0.005 of plugin "cache" is below the noise of plugin "rounding", whose rounding changes what a layer ' +
    "gives by about 0.0080 at each step: little will be reused. Raise the threshold above it.";
  expect(await warnings(cache(0.005, 0.1), noisy(0.008))).toEqual([line]);
  expect(await warnings(noisy(0.008), cache(0.1, 0.005))).toEqual([line]);
});

it("a threshold above it is not, nor one that never reuses, nor weights without noise", async () => {
  expect(await warnings(noisy(0.008), cache(0.008))).toEqual([]);
  expect(await warnings(noisy(0.008), cache(0))).toEqual([]);
  expect(await warnings(noisy(undefined), cache(0.005))).toEqual([]);
  expect(await warnings(noisy(0.008))).toEqual([]);
});

it("noise of few weights counts by their share of all that the plugin stores", async () => {
  expect(await warnings(noisy(0.008, "w1"), cache(0.005))).toHaveLength(1);
  expect(await warnings(noisy(0, "w1"), cache(0.005))).toEqual([]);
});
