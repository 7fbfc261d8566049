import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { engineCache as cacheDir } from "../../../test/run-folder";
import { type ConfigInput, createPipeline, type Pipeline, validateConfig } from "../src/index";
import { type Hooks, minus, over, type PluginClass } from "../src/plugin";
import type { Plugin } from "../src/plugins/plugin";
import { hookNames, pluginWith, recorder } from "./hook-recorder";

const model = join(import.meta.dirname, "../../contract/models/z-image");
const generate = { prompt: "a cat", num_inference_steps: 2, guidance_scale: 0, height: 32, width: 32, seed: 3 };
const dit = join(import.meta.dirname, "../../../test/golden/pipelines/dit");
const opened: Pipeline[] = [];
afterAll(async () => {
  await Promise.all(opened.map((pipeline) => pipeline.close()));
});

async function open(...given: readonly PluginClass[] | [Pick<ConfigInput, "plugins" | "guidance">]): Promise<Pipeline> {
  const [first] = given;
  const config = typeof first === "object" ? first : { plugins: given as readonly PluginClass[] };
  const pipeline = await createPipeline({ model, ...config, generate }, { cacheDir, threads: 1 });
  opened.push(pipeline);
  return pipeline;
}

/** One pass with the plugins a and b around and in it. */
const pass: readonly string[] = [
  "a.predict",
  "b.predict",
  "a.beforeStep",
  "b.beforeStep",
  "a.blockForward",
  "b.blockForward",
  "/b.blockForward",
  "/a.blockForward",
  "a.observed",
  "b.observed",
  "/b.predict",
  "/a.predict",
];

/** Runs of equal lines become one. */
function squeezed(log: readonly string[]): string[] {
  return log.filter((line, i) => line !== log[i - 1]);
}

describe("the order of hooks", () => {
  it("is the config's in every hook, build hooks first, blockForward nested with the first plugin outermost", async () => {
    const log: string[] = [];
    const pipeline = await open(recorder("a", log), recorder("b", log));
    const whole = log.filter((line) => line.endsWith(".graphBuilt"));
    expect(whole).toEqual(["a.graphBuilt", "b.graphBuilt"]); // of the denoiser alone
    expect(log.slice(-2)).toEqual(whole);
    const built = log.splice(0).slice(0, -2);
    expect(new Set(built)).toEqual(new Set(["a.weightLoad", "b.weightLoad", "a.attention", "b.attention"]));
    for (const [i, line] of built.entries())
      if (i % 2 === 0) expect([line, built[i + 1]]).toEqual([line, `b${line.slice(1)}`]);

    await pipeline.generate();
    const step = [...pass, "a.afterStep", "b.afterStep"];
    expect(log.splice(0)).toEqual([...step, ...step]);

    await pipeline.generate({ guidance_scale: 2, num_inference_steps: 1 });
    const wrapped = (passes: readonly string[]): string[] => [
      "a.guidance",
      "b.guidance",
      ...passes,
      "/b.guidance",
      "/a.guidance",
      "a.afterStep",
      "b.afterStep",
    ];
    const named = new Set([...built, ...whole, ...log].map((line) => line.split(".")[1]));
    expect(named).toEqual(new Set(hookNames.filter((hook) => hook !== "tokens"))); // of a model whose blocks have others besides
    expect(log.splice(0)).toEqual(wrapped(pass));

    const separate = await open({ plugins: [recorder("a", log), recorder("b", log)], guidance: "separate" });
    log.length = 0;
    await separate.generate({ guidance_scale: 2, num_inference_steps: 1 });
    expect(log).toEqual(wrapped([...pass, ...pass]));
  });

  it("ends with the plugin that gives a prediction, or runs no branch", async () => {
    const log: string[] = [];
    const giving = pluginWith("giving", () => ({
      predict: async ({ branches }, input) => Object.fromEntries(branches.map((branch) => [branch, input])),
    }));
    const unguided = pluginWith("none", () => ({ guidance: async ({ step }) => ({ prediction: step.latents }) }));
    const around = ["outer.afterStep", "inner.afterStep"];
    for (const [plugin, request, expected] of [
      [giving, {}, ["outer.predict", "/outer.predict", ...around]],
      [unguided, { guidance_scale: 2 }, ["outer.guidance", "/outer.guidance", ...around]],
    ] as const) {
      const pipeline = await open(recorder("outer", log), plugin, recorder("inner", log));
      log.length = 0;
      await pipeline.generate({ num_inference_steps: 1, ...request });
      expect(log.splice(0)).toEqual(expected);
    }
  });

  it("turns with the config", async () => {
    const log: string[] = [];
    const pipeline = await open(recorder("b", log), recorder("a", log));
    expect(squeezed(log).slice(0, 2)).toEqual(["b.weightLoad", "a.weightLoad"]);
    log.length = 0;
    await pipeline.generate({ num_inference_steps: 1 });
    const turned = ["predict", "beforeStep", "blockForward"].flatMap((hook) => [`b.${hook}`, `a.${hook}`]);
    expect(log.slice(0, 6)).toEqual(turned);
  });

  it("is the config's for blocks of a picture's tokens, each asked of all until one answers", async () => {
    const log: string[] = [];
    const halved: Hooks["tokens"] = ({ hidden: { shape } }) => {
      const tokens = shape[1]!;
      return {
        modules: ["feed-forward"],
        kept: over(tokens, 2),
        merge: (x, g) => g.slice(x, 1, 0, over(tokens, 2)),
        unmerge: (y, g) => g.concat([y, g.slice(y, 1, 0, minus(tokens, over(tokens, 2)))], 1),
      };
    };
    const plugins = [
      recorder("a", log),
      pluginWith("first", () => ({ tokens: halved }), { regions: () => [] }),
      recorder("b", log),
    ];
    const config = { model: dit, plugins, generate: { class_labels: [1], num_inference_steps: 1, guidance_scale: 1 } };
    const pipeline = await createPipeline(config, { cacheDir, threads: 1 });
    opened.push(pipeline);
    expect(new Set(log.filter((line) => line.endsWith(".tokens")))).toEqual(new Set(["a.tokens"]));
    const { plugins: reports } = (await pipeline.generate()).report;
    expect(reports.map(({ tokens = [] }) => tokens.length > 0)).toEqual([false, true, false]);
    expect(reports[1]!.tokens!.every(({ tokens, kept }) => kept === tokens / 2)).toBe(true);
    expect(reports[1]!.summary).toMatch(/^\d+ blocks with fewer tokens; \d+ of \d+ tokens kept$/);
  });

  it("ends with the first answer of a build hook", async () => {
    const log: string[] = [];
    const attention: Hooks["attention"] = ({ query, key, value, heads, keyMask }, g) =>
      g.node("MultiHeadAttention", [query, key, value, undefined, keyMask], query.shape, {
        domain: "com.microsoft",
        attributes: { num_heads: { int: heads } },
      });
    const pipeline = await open(
      pluginWith("first", () => ({ attention }), { regions: () => [] }),
      recorder("second", log),
    );
    expect(log).not.toContain("second.attention");
    const { plugins } = (await pipeline.generate()).report;
    expect(plugins.map(({ build }) => build.attentions)).toEqual([6, 0]);
  });

  it("ends with the plugin that skips a region", async () => {
    const log: string[] = [];
    const skipping = pluginWith("skipping", () => ({
      blockForward: async (_call, { hidden }) => ({ hidden: hidden! }),
    }));
    const pipeline = await open(recorder("outer", log), skipping, recorder("inner", log));
    log.length = 0;
    const { report } = await pipeline.generate({ num_inference_steps: 1 });
    expect(log).toEqual([
      "outer.predict",
      "inner.predict",
      "outer.beforeStep",
      "inner.beforeStep",
      "outer.blockForward",
      "/outer.blockForward",
      "outer.observed",
      "inner.observed",
      "/inner.predict",
      "/outer.predict",
      "outer.afterStep",
      "inner.afterStep",
    ]);
    const reused = report.plugins.map(({ regions }) => regions.map((region) => [region.name, region.reused]));
    expect(reused).toEqual([
      [
        ["predictions", []],
        ["rest", []],
      ],
      [["rest", [0]]],
      [["predictions", []]],
    ]);
  });
});

describe("a plugin that throws", () => {
  const thrown = new RangeError("planted");
  /** Throws in one hook while `faulty`. */
  const state = { faulty: true };
  const throwing = (hook: keyof Hooks, fault: () => unknown): PluginClass =>
    pluginWith("thrower", () => {
      const passOn: Hooks["blockForward"] = (_call, inputs, next) => next(inputs);
      const sound: Plugin = {
        blockForward: passOn,
        guidance: (_call, branches, next) => next(branches),
        predict: (_call, input, next) => next(input),
        weightLoad: ({ input }, graph) => void graph.observe("thrower.input", input),
      };
      const call = (...given: never[]): unknown =>
        state.faulty ? fault() : (sound[hook] as ((...all: never[]) => unknown) | undefined)?.(...given);
      return { ...sound, [hook]: call };
    });
  const failure = (hook: string): object => ({
    code: "SKIPSTEP_HOOK_FAILED",
    message: `Plugin "thrower" failed in ${hook}: planted`,
    cause: thrown,
  });
  const faults: readonly [name: string, fault: () => unknown][] = [
    [
      "at once",
      () => {
        throw thrown;
      },
    ],
    ["later", () => Promise.reject(thrown)],
  ];

  it.each(["weightLoad", "attention", "graphBuilt"] as const)(
    "in %s names itself and the hook; the next pipeline is sound",
    async (hook) => {
      state.faulty = true;
      const plugin = throwing(hook, faults[0]![1]);
      await expect(open(plugin)).rejects.toMatchObject(failure(hook));
      state.faulty = false;
      await expect((await open(plugin)).generate()).resolves.toHaveProperty("images.length", 1);
    },
  );

  const runFaults = (["guidance", "predict", "beforeStep", "blockForward", "observed", "afterStep"] as const).flatMap(
    (hook) => faults.map(([when, fault]) => ({ hook, when, fault })),
  );
  it.each(runFaults)("in $hook, $when, names itself and the hook; the pipeline goes on", async ({ hook, fault }) => {
    state.faulty = false;
    const pipeline = await open(throwing(hook, fault));
    const request = hook === "guidance" ? { guidance_scale: 2 } : {};
    const before = await pipeline.generate(request);
    state.faulty = true;
    await expect(pipeline.generate(request)).rejects.toMatchObject(failure(hook));
    await expect(pipeline.generate(request)).rejects.toMatchObject(failure(hook));
    state.faulty = false;
    expect((await pipeline.generate(request)).latents.data).toEqual(before.latents.data);
  });

  it("in its constructor or its regions is told of before any weight is read", async () => {
    const constructing = pluginWith("thrower", () => {
      throw thrown;
    });
    await expect(validateConfig({ model, plugins: [constructing], generate })).rejects.toMatchObject(
      failure("its constructor"),
    );
    const asking = pluginWith("thrower", () => ({ beforeStep: () => undefined }), {
      regions: () => {
        throw thrown;
      },
    });
    await expect(open(asking)).rejects.toMatchObject(failure("regions"));
  });

  it("what is no error gives its text", async () => {
    const plugin = pluginWith("thrower", () => ({
      beforeStep: () => {
        throw "just a text";
      },
    }));
    await expect((await open(plugin)).generate()).rejects.toMatchObject({
      code: "SKIPSTEP_HOOK_FAILED",
      message: 'Plugin "thrower" failed in beforeStep: just a text',
    });
  });

  it("inside another plugin's region is named itself, not the outer one", async () => {
    state.faulty = true;
    const pipeline = await open(recorder("outer", []), throwing("blockForward", faults[1]![1]));
    await expect(pipeline.generate()).rejects.toMatchObject(failure("blockForward"));
  });

  it("for calling next twice, one after the other or at once, is told so", async () => {
    const twice: Hooks["blockForward"][] = [
      async (_call, inputs, next) => {
        await next(inputs);
        return next(inputs);
      },
      async (_call, inputs, next) => (await Promise.all([next(inputs), next(inputs)]))[0],
    ];
    for (const blockForward of twice) {
      const pipeline = await open(pluginWith("thrower", () => ({ blockForward })));
      await expect(pipeline.generate()).rejects.toMatchObject({
        code: "SKIPSTEP_HOOK_FAILED",
        message: expect.stringMatching(/called next\(\) twice in region "rest"/),
        cause: { code: "SKIPSTEP_NEXT_TWICE" },
      });
    }
  });
});
