import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Ajv, type JSONSchemaType } from "ajv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Structure } from "../src/architecture/structure";
import type { ConfigCatalogue, ConfigModel, ModelChoice } from "../src/config/check-model";
import { composeSchema } from "../src/config/compose-schema";
import type { ConfigInput } from "../src/config/config";
import { type LoadOptions, loadConfig } from "../src/config/load";
import type { Override } from "../src/config/overrides";
import { ConfigError } from "../src/errors/config";
import { messageOf, SkipstepError } from "../src/errors/error";
import { inject, manifestOf, type Plugin, PluginOptions, plugin } from "../src/plugins/plugin";
import { ownCatalogue } from "../src/start/catalogue";

const { settingsSchema } = ownCatalogue;

interface HaloOptions {
  threshold: number;
  mode: "soft" | "hard";
  limit?: number | null;
}

const haloOptions: JSONSchemaType<HaloOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: {
    threshold: { type: "number", minimum: 0, default: 0.08, description: "How near." },
    mode: { type: "string", enum: ["soft", "hard"], default: "soft" },
    limit: { type: "integer", nullable: true, minimum: 1, default: null },
  },
};

@plugin<HaloOptions>({
  name: "halo",
  description: "Adds a halo.",
  options: haloOptions,
  decides: true,
  requires: ["block-list"],
})
class Halo implements Plugin {
  constructor(@inject(PluginOptions) readonly options: HaloOptions) {}
  beforeStep(): void {}
}

const noOptions: JSONSchemaType<Record<string, never>> = { type: "object", additionalProperties: false, required: [] };

@plugin({ name: "skipper", description: "Skips.", options: noOptions, decides: true })
class Skipper implements Plugin {
  beforeStep(): void {}
}

@plugin({ name: "loner", description: "Stands alone.", options: noOptions, conflicts: ["halo"] })
class Loner implements Plugin {
  beforeStep(): void {}
}

const schedulerSchemas = {
  FlowMatchEulerDiscreteScheduler: {
    type: "object",
    additionalProperties: false,
    properties: {
      shift: { type: "number", default: 1, exclusiveMinimum: 0 },
      shift_terminal: { type: ["number", "null"], default: null },
    },
  },
  DDIMScheduler: {
    type: "object",
    additionalProperties: false,
    properties: { eta: { type: "number", default: 0, minimum: 0 } },
  },
};

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), "skipstep-config-")));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, content: object | string): Promise<string> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

interface Options extends Omit<LoadOptions, "catalogueOf"> {
  readonly structureOf?: (choice: ModelChoice) => Structure | Promise<Structure>;
  readonly familiesWith?: ConfigCatalogue["familiesWith"];
  readonly ownScheduler?: string;
}

const plainStructure: Structure = { className: "Net", features: [], lists: [], blocks: [] };

/** Checks a config against a model that is nothing but a structure, or against none. */
function load(input: string | ConfigInput, options: Options = {}): ReturnType<typeof loadConfig> {
  const { structureOf = () => plainStructure, familiesWith = () => [], ownScheduler, ...others } = options;
  const recognise = async (choice: ModelChoice): Promise<ConfigModel> => ({
    structure: await structureOf(choice),
    pipeline: { names: ["net"], denoiser: "net" },
    ownScheduler,
    checkFit: () => undefined,
    settingProblems: () => [],
  });
  const isAsked = options.structureOf !== undefined || ownScheduler !== undefined;
  const catalogue = { schedulerSchemas, settingsSchema, familiesWith, ...(isAsked ? { recognise } : {}) };
  return loadConfig(input, { ...others, catalogueOf: () => catalogue });
}

/** The messages of everything that is wrong with a config, without its file's name. */
async function problemsOf(input: string | ConfigInput, options: Options = {}): Promise<string[]> {
  const error = await failureOf(input, options);
  if (!(error instanceof ConfigError)) throw error;
  return error.problems.map(({ message }) => message.replaceAll(`${folder}/`, ""));
}

async function failureOf(input: string | ConfigInput, options: Options = {}): Promise<SkipstepError> {
  const error: unknown = await load(input, options).then(
    () => "loaded",
    (thrown: unknown) => thrown,
  );
  if (error instanceof SkipstepError) return error;
  throw new Error(`expected a SkipstepError, got ${messageOf(error)}`);
}

describe("loadConfig", () => {
  it("reads JSON with comments, fills in defaults and makes paths absolute", async () => {
    const file = await write(
      "configs/plain.json",
      '\uFEFF// a comment\n{ "$schema": "x", "model": "../models/emoji", /* here */ "generate": { "seed": 42, }, }',
    );
    const loaded = await load(file);
    expect(loaded.file).toBe(file);
    expect(loaded.config).toEqual({
      model: path.join(folder, "models/emoji"),
      device: "cpu",
      generate: { seed: 42 },
      guidance: "batch",
      plugins: [],
      memory: "resident",
      strict: false,
    });
    expect(loaded.plugins.plugins).toEqual([]);
  });

  it("freezes the result through and through, and leaves the input alone", async () => {
    const input: ConfigInput = { model: "m", generate: { sigmas: [1, 0.5] }, plugins: [{ use: Halo, options: {} }] };
    const before = structuredClone({ ...input, plugins: [] });
    const { config, plugins } = await load(input, {
      overrides: ["generate.sigmas.0=0.9", "plugins.0.options.threshold=0.5"],
    });
    expect(() => (config.generate.sigmas as number[]).push(0)).toThrow(TypeError);
    expect(() => Object.assign(config.plugins[0]!.options, { threshold: 1 })).toThrow(TypeError);
    expect(() => Object.assign(plugins.plugins[0]!.options, { threshold: 1 })).toThrow(TypeError);
    expect(config.generate.sigmas).toEqual([0.9, 0.5]);
    expect(input.generate).toEqual(before.generate);
    expect(input.plugins).toEqual([{ use: Halo, options: {} }]);
  });

  it("takes plugin classes, and gives each plugin its options with defaults", async () => {
    const { config, plugins } = await load({ model: "m", plugins: [Loner, { use: Skipper }].slice(0, 1) });
    expect(config.plugins).toEqual([{ use: "loner", options: {} }]);
    expect(plugins.plugins[0]!.instance).toBeInstanceOf(Loner);

    const halo = (await load({ model: "m", plugins: [{ use: Halo, options: { mode: "hard" } }] })).plugins.plugins[0]!;
    expect(halo.options).toEqual({ threshold: 0.08, mode: "hard", limit: null });
    expect((halo.instance as Halo).options).toBe(halo.options);
    expect(halo).toMatchObject({ name: "halo", use: "halo", version: "local", manifest: manifestOf(Halo)! });
  });

  it("tells three mistakes in three places at once, with file, pointer, line and column", async () => {
    const file = await write(
      "bad.json",
      '{\n  "model": "m",\n  "guidence": "batch",\n  "generate": { "seed": -1 },\n  "plugins": [\n    { "use": "fbcash" }\n  ]\n}',
    );
    const error = (await failureOf(file)) as ConfigError;
    expect(error.code).toBe("SKIPSTEP_CONFIG_INVALID");
    expect(error.problems.map((problem) => problem.file)).toEqual([file, file, file]);
    expect(error.problems.map(({ pointer, line, column, code }) => ({ pointer, line, column, code }))).toEqual([
      { pointer: "", line: 3, column: 3, code: "SKIPSTEP_CONFIG_INVALID" },
      { pointer: "/generate/seed", line: 4, column: 17, code: "SKIPSTEP_CONFIG_INVALID" },
      { pointer: "/plugins/0/use", line: 6, column: 7, code: "SKIPSTEP_PLUGIN_UNKNOWN" },
    ]);
    expect(error.message).toBe(
      [
        `${file} has no "guidence". It takes: extends, model, variant, components, lora, textual_inversions, request_loras, device, provider_options, dtype, torch_dtype, memory, device_map, scheduler, generate, guidance, conditioning_cache, limits, queue, plugins, strict. Did you mean "guidance"?`,
        `${file}#/generate/seed must be an integer from 0 to 2^53 - 1 (9007199254740991), found -1.`,
        `${file}#/plugins/0/use: No plugin is called "fbcash". Installed: none. Did you mean "fbcache"? Add that with: pnpm add @skipstep/plugin-fbcache`,
      ].join(" | "),
    );
  });

  it("has the code of its mistakes when they all share one", async () => {
    expect((await failureOf({ model: "m", plugins: ["nowhere"] })).code).toBe("SKIPSTEP_PLUGIN_UNKNOWN");
    expect((await failureOf({ model: "m", plugins: [Halo, Skipper] })).code).toBe("SKIPSTEP_PLUGIN_CONFLICT");
    expect((await failureOf({ model: "m", strict: 1 as never, plugins: [Halo, Skipper] })).code).toBe(
      "SKIPSTEP_CONFIG_INVALID",
    );
  });

  it.each<[string, unknown, string]>([
    ["2^53", 2 ** 53, "9007199254740992"],
    ["negative", -1, "-1"],
    ["fraction", 1.5, "1.5"],
    ["text", "7", '"7"'],
    ["null", null, "null"],
  ])("refuses a seed that is %s", async (_, seed, found) => {
    expect(await problemsOf({ model: "m", generate: { seed: seed as number } })).toEqual([
      `config#/generate/seed must be an integer from 0 to 2^53 - 1 (9007199254740991), found ${found}.`,
    ]);
  });

  it("takes the largest seed, 0, and guidance_scale 0", async () => {
    const { config } = await load({ model: "m", generate: { seed: 2 ** 53 - 1, guidance_scale: 0 } });
    expect(config.generate).toEqual({ seed: 9007199254740991, guidance_scale: 0 });
    expect((await load({ model: "m", generate: { seed: 0 } })).config.generate.seed).toBe(0);
  });

  it.each<[string, object, string]>([
    ["a wrong type", { generate: { height: "tall" } }, 'config#/generate/height must be an integer, found "tall".'],
    [
      "a value below its limit",
      { generate: { num_inference_steps: 0 } },
      "config#/generate/num_inference_steps must be >= 1, found 0.",
    ],
    [
      "a wrong word",
      { guidance: "seperate" },
      'config#/guidance must be one of "batch", "separate", found "seperate". Did you mean "separate"?',
    ],
    ["an empty text", { device: "" }, "config#/device must not be empty."],
    ["a list in place of a text", { model: ["m"] }, 'config#/model must be a string, found ["m"].'],
    ["two types", { generate: { prompt: 5 } }, "config#/generate/prompt must be a string or a list, found 5."],
    ["a plugin that is a number", { plugins: [7] }, "config#/plugins/0 must be a string or an object, found 7."],
    ["a plugin without use", { plugins: [{ options: {} }] }, 'config#/plugins/0 needs "use": '],
    [
      "__proto__",
      JSON.parse('{ "generate": { "__proto__": 1 } }') as object,
      'config#/generate has no "__proto__". It takes: prompt, ',
    ],
    [
      "a scheduler that is not there",
      { scheduler: { type: "DDIMSheduler" } },
      'config#/scheduler/type must be the class name of a scheduler, found "DDIMSheduler". Did you mean "DDIMScheduler"? Known: FlowMatchEulerDiscreteScheduler, DDIMScheduler.',
    ],
    [
      "another scheduler's option",
      { scheduler: { type: "DDIMScheduler", shift: 3 } },
      'config#/scheduler has no "shift". It takes: type, eta.',
    ],
    [
      "a scheduler option of no scheduler",
      { scheduler: { shfit: 3 } },
      'config#/scheduler has no "shfit". It takes: type, shift, shift_terminal, eta. Did you mean "shift"?',
    ],
    [
      "a scheduler option out of range",
      { scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 0 } },
      "config#/scheduler/shift must be > 0, found 0.",
    ],
  ])("tells %s", async (_, part, message) => {
    const problems = await problemsOf({ model: "m", ...part });
    expect(problems).toHaveLength(1);
    expect(problems[0]!.startsWith(message), problems[0]).toBe(true);
  });

  it.each<[string, object, string]>([
    ["steps", { generate: { steps: 4 } }, 'Did you mean "num_inference_steps"?'],
    ["cfg_scale", { generate: { cfg_scale: 4 } }, 'Did you mean "guidance_scale"?'],
    ["batch_count", { generate: { batch_count: 4 } }, 'Did you mean "num_images_per_prompt"?'],
    ["sampler", { sampler: "x" }, 'Did you mean "scheduler"?'],
    ["seed at the root", { seed: 4 }, 'Did you mean "generate": { "seed": ... }?'],
    ["rel_l1_thresh", { plugins: [{ use: Halo, options: { rel_l1_thresh: 1 } }] }, 'Did you mean "threshold"?'],
  ])("does not take %s, but knows what is meant", async (_, part, hint) => {
    const problems = await problemsOf({ model: "m", ...part });
    expect(problems).toHaveLength(1);
    expect(problems[0]!.endsWith(hint), problems[0]).toBe(true);
  });

  it("tells every mistake in a plugin's options at its own pointer", async () => {
    const options = { treshold: 1, threshold: -1, mode: "sfot", limit: 0 };
    expect(await problemsOf({ model: "m", plugins: [Loner, { use: Halo, options }].slice(1) })).toEqual([
      'config#/plugins/0/options has no "treshold". It takes: threshold, mode, limit. Did you mean "threshold"?',
      "config#/plugins/0/options/threshold must be >= 0, found -1.",
      'config#/plugins/0/options/mode must be one of "soft", "hard", found "sfot". Did you mean "soft"?',
      "config#/plugins/0/options/limit must be >= 1, found 0.",
    ]);
  });

  it("tells what cannot stand together, one line a pair", async () => {
    expect(await problemsOf({ model: "m", plugins: [Halo, Skipper, Loner, { use: Halo }] })).toEqual([
      'config#/plugins/1: Plugins "halo" and "skipper" both decide which blocks run. Keep one of them.',
      'config#/plugins/2: Plugins "halo" and "loner" do not work together. Keep one of them.',
      'config#/plugins/3: Plugin "halo" is used twice, first at /plugins/0. Keep one of them.',
      'config#/plugins/3: Plugins "skipper" and "halo" both decide which blocks run. Keep one of them.',
      'config#/plugins/3: Plugins "loner" and "halo" do not work together. Keep one of them.',
    ]);
  });

  it("asks the model for the features that plugins need", async () => {
    const structure: Structure = { className: "UNet2DConditionModel", features: ["unet"], lists: [], blocks: [] };
    const asked: unknown[] = [];
    const familiesWith: Options["familiesWith"] = ([feature]) => [`${feature} A`, "B"];
    const structureOf: Options["structureOf"] = (choice) => {
      asked.push(choice);
      return structure;
    };
    expect(
      await problemsOf({ model: folder, variant: "fp16", plugins: [Halo] }, { structureOf, familiesWith }),
    ).toEqual([
      'config#/plugins/0: Plugin "halo" needs a model with: block-list. UNet2DConditionModel has: unet. ' +
        "Models that have it: block-list A; B. Remove the plugin or use another model.",
    ]);
    expect(asked).toEqual([{ model: folder, variant: "fp16" }]);
    await load({ model: folder, plugins: [Halo] }, { structureOf: () => ({ ...structure, features: ["block-list"] }) });
  });

  it("tells what is wrong with the model along with the rest, and lets bugs through", async () => {
    const structureOf = (): never => {
      throw new SkipstepError("SKIPSTEP_CHECKPOINT_MISSING", "No folder.");
    };
    expect(await problemsOf({ model: "m", strict: 1 as never }, { structureOf })).toEqual([
      "config#/strict must be true or false, found 1.",
      "config#/model: No folder.",
    ]);
    expect((await failureOf({ model: "m" }, { structureOf })).code).toBe("SKIPSTEP_CHECKPOINT_MISSING");
    await expect(load({ model: "m" }, { structureOf: () => Promise.reject(new RangeError("bug")) })).rejects.toThrow(
      RangeError,
    );
  });

  it("checks options without a type against the checkpoint's own scheduler", async () => {
    const scheduler = { eta: 1 };
    expect((await load({ model: "m", scheduler })).config.scheduler).toEqual({ eta: 1 });
    expect(await problemsOf({ model: "m", scheduler }, { ownScheduler: "FlowMatchEulerDiscreteScheduler" })).toEqual([
      'config#/scheduler has no "eta". It takes: type, shift, shift_terminal.',
    ]);
  });

  it("needs a model", async () => {
    const [problem] = await problemsOf(await write("empty.json", {}));
    expect(problem).toMatch(/^empty\.json needs "model": The checkpoint: a diffusers folder or a safetensors file, /);
  });

  it("tells where JSON breaks off, and of keys that stand there twice", async () => {
    const [first] = await problemsOf(await write("broken.json", '{\n  "model": "m"\n  "strict": }'));
    expect(first).toBe("broken.json:3:3 is no JSON: comma expected.");
    expect(await problemsOf(await write("list.json", "[]"))).toEqual(["list.json must hold one JSON object."]);
    expect(await problemsOf(await write("twice.json", '{ "model": "m",\n "strict": true, "strict": false }'))).toEqual([
      'twice.json:2:18 has "strict" twice. Keep one.',
    ]);
  });

  it("says so when there is no such file", async () => {
    const error = await failureOf(path.join(folder, "none.json"));
    expect(error.code).toBe("SKIPSTEP_CONFIG_UNREADABLE");
    expect(error.message).toContain("none.json cannot be read: there is no such file.");
  });
});

describe("extends", () => {
  it("merges objects, replaces lists, and keeps paths relative to the file that says them", async () => {
    await write("base/base.json", {
      model: "../models/emoji",
      generate: { num_inference_steps: 20, seed: 1, prompt: ["a", "b"] },
      plugins: ["nowhere"],
      scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 3 },
    });
    await write("size.json", { generate: { height: 64, seed: 2 } });
    const file = await write("fast/fast.json", {
      extends: ["../base/base.json", "../size.json"],
      generate: { prompt: ["c"] },
      scheduler: { shift_terminal: 0.1 },
      plugins: [],
    });
    expect((await load(file)).config).toMatchObject({
      model: path.join(folder, "models/emoji"),
      generate: { num_inference_steps: 20, seed: 2, height: 64, prompt: ["c"] },
      scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 3, shift_terminal: 0.1 },
      plugins: [],
    });
  });

  it("drops the options of a scheduler that is replaced", async () => {
    await write("base.json", { model: "m", scheduler: { type: "FlowMatchEulerDiscreteScheduler", shift: 3 } });
    const file = await write("ddim.json", { extends: "base.json", scheduler: { type: "DDIMScheduler" } });
    expect((await load(file)).config.scheduler).toEqual({ type: "DDIMScheduler" });
  });

  it("names the file in which a mistake stands", async () => {
    await write("base.json", '{ "model": "m",\n  "generate": { "seed": -1, "width": 0 } }');
    const file = await write("top.json", { extends: "./base.json", generate: { width: 8, stpes: 1 } });
    const error = (await failureOf(file)) as ConfigError;
    expect(
      error.problems.map(({ message, line }) => [message.replaceAll(`${folder}/`, "").split(" ")[0], line]),
    ).toEqual([
      ["top.json#/generate", 1],
      ["base.json#/generate/seed", 2],
    ]);
  });

  it("tells a circle, but lets two files extend the same one", async () => {
    await write("a.json", { extends: "b.json", model: "m" });
    const circle = await write("b.json", { extends: "a.json" });
    expect(await problemsOf(circle)).toEqual([
      'a.json#/extends: b.json extends a.json extends b.json, in a circle. Remove one "extends".',
    ]);
    await write("base.json", { model: "m" });
    await write("left.json", { extends: "base.json" });
    await write("right.json", { extends: "base.json" });
    expect((await load(await write("both.json", { extends: ["left.json", "right.json"] }))).config.model).toBe(
      path.join(folder, "m"),
    );
  });

  it("tells a missing or broken file along with other mistakes, and asks for nothing that it may have said", async () => {
    await write("broken.json", "{");
    const file = await write("top.json", { extends: ["none.json", "broken.json", 5], strict: "yes" });
    expect(await problemsOf(file)).toEqual([
      "top.json#/extends/0: Config none.json cannot be read: there is no such file. Give the path of a JSON file.",
      "broken.json:1:2 is no JSON: close brace expected.",
      "top.json#/extends/2 must be the path of a config file, as a string.",
      'top.json#/strict must be true or false, found "yes".',
    ]);
  });
});

describe("overrides", () => {
  it("sets JSON values and strings, by dots and by pointer, over every file", async () => {
    const file = await write("c.json", { model: "m", generate: { seed: 1 } });
    const { config } = await load(file, {
      overrides: [
        "generate.seed=7",
        "/generate/prompt=a = b",
        "generate.sigmas=[1,0.5]",
        "strict=true",
        'generate.negative_prompt="5"',
        "generate.sigmas.1=0.4",
      ],
    });
    expect(config.generate).toEqual({ seed: 7, prompt: "a = b", sigmas: [1, 0.4], negative_prompt: "5" });
    expect(config.strict).toBe(true);
  });

  it("takes values as they are, and calls them what they are called", async () => {
    const prompt = { path: ["generate", "prompt"], value: ["7", "null"] };
    const { config } = await load({ model: "m" }, { overrides: [prompt] });
    expect(config.generate.prompt).toEqual(["7", "null"]);
    const seed = { path: ["generate", "seed"], value: "x", name: "--seed" };
    const deep = { path: ["strict", "deep"], value: 1, name: "--deep" };
    expect(await problemsOf({ model: "m", strict: true }, { overrides: [seed, deep] })).toEqual([
      '--deep is true, so that "deep" cannot be set in it.',
      '--seed must be an integer from 0 to 2^53 - 1 (9007199254740991), found "x".',
    ]);
  });

  it("reaches into plugins, short or long, and adds one at the end", async () => {
    const { config } = await load(
      { model: "m", plugins: [Halo] },
      { overrides: ["plugins.0=halo", "plugins.0.options.threshold=0.2"] },
    );
    expect(config.plugins).toEqual([{ use: "halo", options: { threshold: 0.2, mode: "soft", limit: null } }]);
    expect(await problemsOf({ model: "m", plugins: [Halo] }, { overrides: ["plugins.1=nowhere"] })).toEqual([
      expect.stringMatching(
        /^--set plugins.1.use: No plugin is called "nowhere"\. Installed: .* Skipstep has: .* and install that\.$/,
      ),
    ]);
  });

  it("leaves the override as it was, so that another config can be made with it", async () => {
    const override = { path: ["plugins"], value: [{ use: "halo", options: {} }] };
    const more = (threshold: number): Override => ({
      path: ["plugins", "0", "options", "threshold"],
      value: threshold,
    });
    for (const threshold of [0.2, 0.3]) {
      const { config } = await load({ model: "m", plugins: [Halo] }, { overrides: [override, more(threshold)] });
      expect(config.plugins[0]!.options.threshold).toBe(threshold);
    }
    expect(override.value).toEqual([{ use: "halo", options: {} }]);
  });

  it("takes paths relative to the working directory", async () => {
    const { config } = await load(await write("c.json", { model: "m" }), { overrides: ["model=models/emoji"] });
    expect(config.model).toBe(path.resolve("models/emoji"));
  });

  it("tells what an override breaks by its name, and what cannot be set", async () => {
    const overrides = [
      "generate.seed=-1",
      "generate.stpes=1",
      "seed",
      "=1",
      "strict.deep=1",
      "plugins.x=1",
      "plugins.3=1",
      "__proto__.polluted=1",
      "extends=x.json",
    ];
    expect(await problemsOf({ model: "m", strict: false, plugins: [] }, { overrides })).toEqual([
      "--set seed must look like generate.seed=7.",
      "--set =1 must look like generate.seed=7.",
      '--set strict.deep=1 is false, so that "deep" cannot be set in it.',
      '--set plugins.x=1 is a list of 0: "x" must be a number from 0 to 0.',
      '--set plugins.3=1 is a list of 0: "3" must be a number from 0 to 0.',
      "--set extends=x.json comes too late: the files are merged. Write it into a config file.",
      expect.stringMatching(/^--set __proto__.polluted has no "__proto__"\./),
      expect.stringMatching(/^--set generate.stpes has no "stpes"\..* Did you mean "num_inference_steps"\?$/),
      "--set generate.seed must be an integer from 0 to 2^53 - 1 (9007199254740991), found -1.",
    ]);
    expect(({} as { polluted?: number }).polluted).toBe(undefined);
  });
});

describe("composeSchema", () => {
  const schema = composeSchema([{ use: "@skipstep/plugin-halo", manifest: manifestOf(Halo)! }], {
    schedulerSchemas,
    settingsSchema,
  });
  const check = new Ajv({ strict: false }).compile(schema);

  it.each<[string, object, boolean]>([
    [
      "a plain config",
      { $schema: "x", extends: ["a"], model: "m", generate: { prompt: "p", seed: 1 }, strict: true },
      true,
    ],
    ["an unknown key", { model: "m", sead: 1 }, false],
    ["a plugin by name", { model: "m", plugins: ["halo", { use: "other", options: { any: 1 } }] }, true],
    [
      "a plugin's options",
      { model: "m", plugins: [{ use: "@skipstep/plugin-halo", options: { threshold: 1, limit: null } }] },
      true,
    ],
    ["an unknown option", { model: "m", plugins: [{ use: "@skipstep/plugin-halo", options: { treshold: 1 } }] }, false],
    ["an unknown option by short name", { model: "m", plugins: [{ use: "halo", options: { treshold: 1 } }] }, false],
    ["a scheduler's options", { model: "m", scheduler: { type: "DDIMScheduler", eta: 1 } }, true],
    ["another scheduler's option", { model: "m", scheduler: { type: "DDIMScheduler", shift: 1 } }, false],
  ])("judges %s", (_, config, valid) => {
    expect(check(config)).toBe(valid);
  });

  it("describes every key", () => {
    const undescribed = Object.entries({ ...schema.properties, ...schema.properties!.generate!.properties }).filter(
      ([, { description }]) => !description,
    );
    expect(undescribed).toEqual([]);
    expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
    expect(JSON.stringify(schema)).not.toContain("nullable");
  });
});
