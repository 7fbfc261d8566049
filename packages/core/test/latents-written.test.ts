import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { createPipeline, type GenerateResult } from "../src/index";
import type { PluginClass, Step } from "../src/plugin";
import type { Plugin } from "../src/plugins/plugin";
import { pluginWith } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 2, height: 32, width: 32, seed: 3 };

async function generated(
  plugins: readonly PluginClass[],
  guidance: "batch" | "separate" = "batch",
): Promise<GenerateResult> {
  const pipeline = await createPipeline({ model, plugins, generate, guidance }, { cacheDir, threads: 1 });
  try {
    return await pipeline.generate();
  } finally {
    await pipeline.close();
  }
}

async function failure(...plugins: PluginClass[]): Promise<string> {
  const error = (await generated(plugins).catch((thrown: unknown) => thrown)) as { code?: string; message: string };
  return `${error.code} ${error.message}`;
}

const writes = ({ latents }: Step): void => void latents.data.fill(1, 0, 1);
const writesFirst = (): Plugin => ({
  blockForward({ step }, inputs, next) {
    writes(step);
    return next(inputs);
  },
});
const passes = (name: string): PluginClass =>
  pluginWith(name, () => ({ blockForward: (_call, inputs, next) => next(inputs) }));

describe("step.latents written to", () => {
  it.each<[string, () => Plugin, string]>([
    ["beforeStep", () => ({ beforeStep: writes }), "beforeStep"],
    ["blockForward", writesFirst, "blockForward"],
    [
      "blockForward, behind next",
      () => ({
        blockForward: async ({ step }, inputs, next) => {
          const outputs = await next(inputs);
          writes(step);
          return outputs;
        },
      }),
      "blockForward",
    ],
    [
      "observed",
      () => ({
        weightLoad: ({ name, input }, graph) => void graph.observe(`${name}.seen`, input),
        observed: writes,
      }),
      "observed",
    ],
    [
      "its buffer",
      () => ({
        beforeStep: ({ latents }) => void new Uint8Array(latents.data.buffer, latents.data.byteOffset).reverse(),
      }),
      "beforeStep",
    ],
  ])("in %s is an error with the plugin's name", async (_, hooks, hook) => {
    const said = `SKIPSTEP_LATENTS_WRITTEN Plugin "bad" wrote into step.latents in ${hook}; they are read-only.`;
    expect(await failure(passes("outer"), pluginWith("bad", hooks), passes("inner"))).toContain(said);
  });

  it("is told as the inner plugin's where an outer one catches it", async () => {
    const swallows = pluginWith("outer", () => ({
      blockForward: (_call, inputs, next) => next(inputs).catch(() => inputs),
    }));
    const bad = pluginWith("bad", writesFirst);
    expect(await failure(swallows, bad)).toContain('Plugin "bad" wrote');
  });

  it("cannot be replaced, nor their shape", async () => {
    for (const change of [
      (step: Step) => Object.assign(step, { latents: step.latents }),
      ({ latents }: Step) => Object.assign(latents, { data: latents.data.slice() }),
      ({ latents }: Step) => Object.assign(latents.shape, [1]),
    ])
      expect(await failure(pluginWith("bad", () => ({ beforeStep: (step) => void change(step) })))).toMatch(
        /^SKIPSTEP_HOOK_FAILED Plugin "bad" failed in beforeStep: Cannot /,
      );
  });

  it("may be copied and looked at, and are one object for both branches of a step", async () => {
    const seen: Step["latents"][] = [];
    const looks = pluginWith("looks", () => ({
      beforeStep: ({ latents }) => {
        latents.data.slice().fill(0);
        seen.push(latents);
      },
    }));
    const { latents } = await generated([looks], "separate");
    expect(seen.map((each) => seen.indexOf(each))).toEqual([0, 0, 2, 2]);
    expect(latents.data).toEqual((await generated([], "separate")).latents.data);
  });
});
