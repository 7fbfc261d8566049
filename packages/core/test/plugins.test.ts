import { ownCatalogue } from "../src/start/catalogue";
import "reflect-metadata";
import { readdirSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { JSONSchemaType } from "ajv";
import { container } from "tsyringe";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../src/config/load";
import { SkipstepError } from "../src/errors/error";
import { hookFailed } from "../src/errors/plugins";
import type { BlockCall, Next, Step, Tensors } from "../src/hooks";
import { findPlugin, pluginOfClass } from "../src/plugins/discover";
import { createHost } from "../src/plugins/host";
import { installedPlugins } from "../src/plugins/installed";
import { packageEntry } from "../src/plugins/package-entry";
import { inject, manifestOf, type Plugin, type PluginClass, PluginOptions, plugin } from "../src/plugins/plugin";
import { publishedPlugins } from "../src/plugins/published";
import { resolvePlugin } from "../src/plugins/resolve";
import { isInRange } from "../src/plugins/version-range";
import { coreVersion } from "../src/version";

const { settingsSchema } = ownCatalogue;

interface GlowOptions {
  strength: number;
}

const options: JSONSchemaType<GlowOptions> = {
  type: "object",
  additionalProperties: false,
  required: [],
  properties: { strength: { type: "number", minimum: 0, default: 0.5 } },
};
const manifest = { name: "glow", description: "Glows.", options };

@plugin(manifest)
class Glow implements Plugin {
  constructor(@inject(PluginOptions) readonly options: GlowOptions) {}
  beforeStep(_step: Step): void {}
}

@plugin({ ...manifest, name: "shine" })
class Shine implements Plugin {
  constructor(@inject(PluginOptions) readonly options: GlowOptions) {}
  blockForward = (_call: BlockCall, inputs: Tensors, next: Next): Promise<Tensors> => next(inputs);
}

function hostOf(target: PluginClass, values: object = { strength: 1 }): ReturnType<typeof createHost> {
  return createHost([{ ...pluginOfClass(target), options: values as Record<string, unknown> }]);
}

function errorOf(action: () => unknown): SkipstepError {
  try {
    action();
  } catch (error) {
    if (error instanceof SkipstepError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("@plugin", () => {
  it("keeps the manifest with the class, and only with it", () => {
    class Heir extends Glow {}
    expect(manifestOf(Glow)).toBe(manifest);
    expect(manifestOf(Heir)).toBe(undefined);
    expect(manifestOf({})).toBe(undefined);
    expect(PluginOptions).toBe(Symbol.for("skipstep.PluginOptions"));
  });

  it("does not compile with another options type, constructor or hook", () => {
    // @ts-expect-error the constructor takes other options than the schema
    @plugin<GlowOptions>(manifest)
    class WrongOptions implements Plugin {
      constructor(@inject(PluginOptions) readonly options: { strength: string }) {}
      beforeStep(): void {}
    }
    // @ts-expect-error the hook takes other inputs
    @plugin<GlowOptions>(manifest)
    class WrongHook {
      blockForward(_call: number): Promise<Tensors> {
        return Promise.resolve({});
      }
    }
    // @ts-expect-error there is no such hook
    @plugin<GlowOptions>(manifest)
    class NoHook {
      beforeSteps(): void {}
    }
    // @ts-expect-error the schema is of other options
    plugin<{ radius: number }>(manifest);
    expect([WrongOptions, WrongHook, NoHook].map((target) => manifestOf(target)?.name)).toEqual([
      "glow",
      "glow",
      "glow",
    ]);
  });

  it("tells of a forgotten @inject where the class is defined", () => {
    const error = errorOf(() => {
      @plugin(manifest)
      class Forgetful {
        constructor(readonly options: GlowOptions) {}
        beforeStep(): void {}
      }
      return Forgetful;
    });
    expect(error.code).toBe("SKIPSTEP_PLUGIN_INJECT");
    expect(error.message).toBe(
      "Parameter 1 of Forgetful's constructor has no @inject(...). Write @inject(PluginOptions) for the options.",
    );
    const second = errorOf(() => {
      @plugin(manifest)
      class Half {
        constructor(
          @inject(PluginOptions) readonly options: GlowOptions,
          readonly other: never,
        ) {}
        beforeStep(): void {}
      }
      return Half;
    });
    expect(second.message).toContain("Parameter 2 of Half's");
  });

  it.each<[string, object, string]>([
    [
      "no name",
      { name: undefined },
      'The @plugin manifest of Bare needs a "name" of small letters, digits and "-", found undefined.',
    ],
    ["a name with spaces", { name: "First Block" }, 'found "First Block".'],
    ["no description", { description: "" }, 'needs a "description"'],
    ["no schema", { options: { type: "array" } }, 'needs "options": a JSON Schema with "type": "object".'],
    [
      "a range for no option",
      { tunes: { strenght: { values: [1] } } },
      'tunes "strenght", which is none of its options.',
    ],
  ])("refuses a manifest with %s", (_, part, message) => {
    class Bare {
      beforeStep(): void {}
    }
    const error = errorOf(() => plugin({ ...manifest, ...part } as typeof manifest)(Bare));
    expect(error.code).toBe("SKIPSTEP_PLUGIN_MANIFEST");
    expect(error.message).toContain(message);
  });
});

describe("createHost", () => {
  it("makes plugins in order, each with its own options", () => {
    const [glow, shine] = [{ strength: 1 }, { strength: 2 }];
    const { plugins } = createHost([
      { ...pluginOfClass(Shine), options: shine as never },
      { ...pluginOfClass(Glow), options: glow as never },
    ]);
    expect(plugins.map(({ name }) => name)).toEqual(["shine", "glow"]);
    expect((plugins[0]!.instance as Shine).options).toBe(shine);
    expect((plugins[1]!.instance as Glow).options).toBe(glow);
    expect(container.isRegistered(PluginOptions)).toBe(false);
  });

  it("gives every pipeline a plugin of its own", () => {
    expect(hostOf(Glow).plugins[0]!.instance).not.toBe(hostOf(Glow).plugins[0]!.instance);
  });

  it("tells what went wrong in a constructor", () => {
    @plugin(manifest)
    class Fragile {
      constructor() {
        throw new RangeError("no\n  luck");
      }
      beforeStep(): void {}
    }
    const error = errorOf(() => hostOf(Fragile));
    expect(error.code).toBe("SKIPSTEP_HOOK_FAILED");
    expect(error.message).toBe('Plugin "glow" failed in its constructor: no luck');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it("tells of a token that nobody offers", () => {
    @plugin(manifest)
    class Greedy {
      constructor(
        @inject(PluginOptions) readonly options: GlowOptions,
        @inject(Symbol.for("skipstep.Moon")) readonly moon: never,
      ) {}
      beforeStep(): void {}
    }
    expect(errorOf(() => hostOf(Greedy)).message).toBe(
      'Plugin "glow" asks for @inject(Symbol(skipstep.Moon)), which core does not offer. It offers: PluginOptions, ModelStructure.',
    );
  });

  it("refuses a class without hooks or without manifest", () => {
    const Empty = class Empty {};
    plugin(manifest)(Empty);
    expect(errorOf(() => hostOf(Empty)).message).toBe(
      'Plugin "glow" has no hook. Give it at least one method of: weightLoad, attention, tokens, graphBuilt, guidance, predict, beforeStep, blockForward, observed, afterStep.',
    );
    expect(errorOf(() => pluginOfClass(class Plain {})).message).toContain("Class Plain is no plugin");
  });

  it("wraps what a hook throws", () => {
    const cause = new Error("boom");
    const error = hookFailed("fora", "blockForward", cause);
    expect([error.code, error.message, error.cause]).toEqual([
      "SKIPSTEP_HOOK_FAILED",
      'Plugin "fora" failed in blockForward: boom',
      cause,
    ]);
  });
});

describe("discovery", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(path.join(tmpdir(), "skipstep-plugins-")));
    await mkdir(path.join(folder, "configs"));
  });

  afterEach(() => rm(folder, { recursive: true }));

  async function write(name: string, content: object | string): Promise<string> {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
    return file;
  }

  /** A plugin as compiled against another copy of core: it imports nothing, and shares only metadata. */
  function source(name: string, exported = "export", className = "Foreign"): string {
    const json = JSON.stringify({ name, description: "Foreign.", options });
    return `class ${className} { constructor(options) { this.options = options; } beforeStep() {} }
      Reflect.defineMetadata("injectionTokens", { 0: { token: Symbol.for("skipstep.PluginOptions"), multiple: false } }, ${className});
      Reflect.defineMetadata(Symbol.for("skipstep.manifest"), ${json}, ${className});
      ${exported} ${exported === "export" ? `{ ${className} }` : className};\n`;
  }

  async function install(name: string, json: object = {}, code = source("foreign")): Promise<void> {
    const exports = { ".": { types: "./index.d.ts", import: "./lib/index.js" } };
    await write(`node_modules/${name}/package.json`, { name, version: "1.2.3", type: "module", exports, ...json });
    await write(`node_modules/${name}/lib/index.js`, code);
  }

  const configs = (): string => path.join(folder, "configs");

  async function failure(use: string): Promise<SkipstepError> {
    const error: unknown = await findPlugin(use, configs()).catch((thrown: unknown) => thrown);
    if (error instanceof SkipstepError) return error;
    throw error;
  }

  it.each(["skipstep-plugin-foreign", "foreign", "@skipstep/plugin-far", "far", "@someone/cache", "plain-name"])(
    "finds %s in the node_modules above the config",
    async (use) => {
      await install("skipstep-plugin-foreign");
      await install("@skipstep/plugin-far");
      await install("@someone/cache");
      await install("plain-name", {}, source("foreign", "export default"));
      const found = await findPlugin(use, configs());
      expect(found).toMatchObject({ use, version: "1.2.3", manifest: { name: "foreign" } });
      const [loaded] = createHost([{ ...found, options: { strength: 3 } }]).plugins;
      expect(loaded!.instance).toMatchObject({ options: { strength: 3 } });
    },
  );

  it("prefers the package of that very name, and the nearest one", async () => {
    await install("@skipstep/plugin-far");
    await install("far", { version: "5.0.0" });
    expect((await findPlugin("far", configs())).version).toBe("5.0.0");
    const near = path.join(folder, "configs/node_modules/far");
    await mkdir(near, { recursive: true });
    await symlink(path.join(folder, "node_modules/@skipstep/plugin-far/lib"), path.join(near, "lib"));
    await write("configs/node_modules/far/package.json", {
      name: "far",
      version: "6.0.0",
      type: "module",
      main: "lib/index.js",
    });
    expect((await findPlugin("far", configs())).version).toBe("6.0.0");
  });

  it("finds files and package folders relative to the config that names them", async () => {
    await install("@someone/cache");
    await write("base/mine.mjs", source("mine"));
    await write("base/base.json", { model: "m", plugins: ["./mine.mjs"] });
    const file = await write("configs/top.json", { extends: "../base/base.json" });
    const loaded = await loadConfig(file, {
      catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
    });
    expect(loaded.config.plugins).toEqual([{ use: path.join(folder, "base/mine.mjs"), options: { strength: 0.5 } }]);
    expect(loaded.plugins.plugins[0]).toMatchObject({
      name: "mine",
      version: "local",
      instance: { options: { strength: 0.5 } },
    });
    expect((await findPlugin("../node_modules/@someone/cache", configs())).version).toBe("1.2.3");
    // what was resolved once can be loaded again from anywhere
    expect(
      (
        await loadConfig(loaded.config, {
          catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
        })
      ).config,
    ).toEqual(loaded.config);
  });

  it("finds subpaths, and the package that the config lies in", async () => {
    await install("many", { exports: { "./plugins/*": "./lib/*.js" } });
    expect((await findPlugin("many/plugins/index", configs())).manifest.name).toBe("foreign");
    await write("package.json", { name: "own", version: "0.0.1", type: "module", exports: "./own.js" });
    await write("own.js", source("own"));
    expect((await findPlugin("own", configs())).manifest.name).toBe("own");
  });

  it("takes a workspace plugin from its source when core runs from source", () => {
    const root = path.resolve(import.meta.dirname, "../../..");
    expect(resolvePlugin("fbcache", path.join(root, "configs")).file).toBe(
      path.join(root, "plugins/fbcache/src/index.ts"),
    );
  });

  it("knows every plugin that the repository has", () => {
    expect(publishedPlugins).toEqual(readdirSync(path.resolve(import.meta.dirname, "../../../plugins")).sort());
  });

  it("names what is installed when a plugin is not, and what is near", async () => {
    await install("skipstep-plugin-foreign");
    await install("@someone/cache", { keywords: ["skipstep-plugin"] });
    await install("unrelated");
    const error = await failure("forein");
    expect(error.code).toBe("SKIPSTEP_PLUGIN_UNKNOWN");
    expect(error.message).toBe(
      'No plugin is called "forein". Installed: @someone/cache, foreign. Did you mean "foreign"?',
    );
    for (const [use, remedy] of [
      ["teacache", "Add it with: pnpm add @skipstep/plugin-teacache"],
      ["@skipstep/plugin-teacache", "Add it with: pnpm add @skipstep/plugin-teacache"],
      ["fbcach", 'Did you mean "fbcache"? Add that with: pnpm add @skipstep/plugin-fbcache'],
      ["@skipstep/plugin-fbcach", 'Did you mean "fbcache"? Add that with: pnpm add @skipstep/plugin-fbcache'],
    ] as const)
      expect((await failure(use)).message).toBe(
        `No plugin is called "${use}". Installed: @someone/cache, foreign. ${remedy}`,
      );
    const unheard = (await failure("unheard-of")).message;
    expect(unheard).toMatch(/Skipstep has: .*fbcache.*\. Name one of somebody else's by its package/);
    expect(unheard).not.toContain(" add ");
    await install("@skipstep/plugin-fbcache");
    expect((await failure("fbcach")).message).toMatch(/Did you mean "fbcache"\?$/);
    expect((await failure("@who/ever/sub")).message).toContain("pnpm add @who/ever");
    const missing = await failure("./none.js");
    expect([missing.code, missing.message]).toEqual([
      "SKIPSTEP_PLUGIN_UNKNOWN",
      `No plugin is at "./none.js": there is no file ${path.join(configs(), "none.js")}. Paths are relative to the config that names them.`,
    ]);
  });

  it.each<[string, object, string, RegExp]>([
    [
      "throws on import",
      {},
      'throw new Error("bad\\nday");',
      /^Plugin "cache" cannot be imported: .*lib\/index\.js threw "bad day"\. Fix or reinstall/,
    ],
    [
      "lacks a dependency",
      {},
      'import "not-there";',
      /^Plugin "cache" cannot be imported: .* threw "Cannot find package 'not-there'/,
    ],
    [
      "exports no plugin",
      {},
      "export const a = 1; export class B {}",
      /^"cache" is no plugin: no class that .*index\.js exports carries @plugin\. It exports: B, a\.$/,
    ],
    [
      "exports two",
      {},
      source("a") + source("b", "export", "Other"),
      /^"cache" is 2 plugins at once: .* exports Foreign, Other\./,
    ],
    [
      "exports nothing for import",
      { exports: { require: "./lib/index.js" } },
      source("a"),
      /exports no "\." for import\.$/,
    ],
    [
      "is not built",
      { exports: "./dist/index.js" },
      source("a"),
      /dist\/index\.js is missing; build or reinstall the package\.$/,
    ],
  ])("tells of a package that %s", async (_, json, code, message) => {
    await install("cache", json, code);
    const error = await failure("cache");
    expect(error.code).toBe("SKIPSTEP_PLUGIN_BROKEN");
    expect(error.message).toMatch(message);
  });

  it("takes one class under two names for one plugin", async () => {
    await install("cache", {}, `${source("foreign")} export default Foreign;`);
    expect((await findPlugin("cache", configs())).manifest.name).toBe("foreign");
  });

  it("refuses a plugin that was built for another core, before importing it", async () => {
    await install("cache", { peerDependencies: { "@skipstep/core": "^99.0.0" } }, "throw new Error()");
    const error = await failure("cache");
    expect(error.code).toBe("SKIPSTEP_PLUGIN_CORE");
    expect(error.message).toContain(
      `Plugin "cache" 1.2.3 is built for @skipstep/core ^99.0.0, and this is ${coreVersion}.`,
    );
    await install("fine", { peerDependencies: { "@skipstep/core": `^${coreVersion}` } });
    expect((await findPlugin("fine", configs())).manifest.name).toBe("foreign");
  });

  describe("code that lies among data", () => {
    /** Leaves a trace when it is imported. */
    const trap = (): string => `import "node:fs"; globalThis.sprung = true; ${source("trap")}`;

    async function refused(use: string, reason: RegExp): Promise<void> {
      const error = await failure(use);
      expect([error.code, error.message]).toEqual(["SKIPSTEP_PLUGIN_REFUSED", expect.stringMatching(reason)]);
      expect(globalThis).not.toHaveProperty("sprung");
    }

    it.each<[string, Record<string, string>, string]>([
      ["a model", { "model_index.json": "{}" }, "which is a model"],
      ["a component", { "config.json": "{}", "model.fp16.safetensors": "weights" }, "which is a model"],
      ["a LoRA", { "adapter_config.json": "{}" }, "which is a model"],
      ["a compiled engine", { "engine.json": "{}", "weights.bin": "weights" }, "which is a cache of Skipstep"],
    ])("is not loaded from %s, nor from below it, nor through links", async (_, files, kind) => {
      for (const [name, content] of Object.entries(files)) await write(`data/${name}`, content);
      await write("data/deep/down/trap.mjs", trap());
      const json = { name: "trap", version: "1.0.0", type: "module", exports: "./index.js" };
      await write("data/package/package.json", json);
      await write("data/package/index.js", trap());
      await write("data/node_modules/trap/package.json", json);
      await write("data/node_modules/trap/index.js", trap());
      await write("own/mine.mjs", trap());
      await symlink(path.join(folder, "data/deep/down/trap.mjs"), path.join(folder, "configs/link.mjs"));
      await symlink(path.join(folder, "data/package"), path.join(folder, "configs/linked"));
      await symlink(path.join(folder, "own/mine.mjs"), path.join(folder, "data/out.mjs"));
      const told = new RegExp(`lies in .*/data, ${kind}, and code is never taken from there`);
      for (const use of ["../data/deep/down/trap.mjs", "../data/package", "./link.mjs", "./linked", "../data/out.mjs"])
        await refused(use, told);
      await refused(`file://${path.join(folder, "data/package/index.js")}`, told);
      const inside = await findPlugin("trap", path.join(folder, "data")).catch((error: unknown) => error);
      expect((inside as SkipstepError).message).toMatch(told);
      expect(globalThis).not.toHaveProperty("sprung");
    });

    it("is not loaded from beside weights, but by a package that brings its own", async () => {
      await write("downloads/cat.safetensors", "weights");
      await write("downloads/trap.mjs", trap());
      await symlink(path.join(folder, "downloads/trap.mjs"), path.join(folder, "configs/beside.mjs"));
      for (const use of ["../downloads/trap.mjs", "./beside.mjs"])
        await refused(use, /lies in .*\/downloads, which is a folder of weights, and code is never taken from there/);
      await install("heavy", {}, `${source("foreign")} export default Foreign;`);
      await write("node_modules/heavy/lib/small.safetensors", "weights");
      expect((await findPlugin("heavy", configs())).manifest.name).toBe("foreign");
    });

    it("is not loaded from the hub's cache, nor from Skipstep's", async () => {
      const hub = path.join(folder, "hub");
      vi.stubEnv("HF_HUB_CACHE", hub);
      vi.stubEnv("SKIPSTEP_CACHE", path.join(folder, "cache"));
      await write("hub/trap.mjs", trap());
      await write("elsewhere/models--a--b/snapshots/0/trap.mjs", trap());
      await write("cache/engines/x/trap.mjs", trap());
      await refused("../hub/trap.mjs", /which is a Hugging Face cache/);
      await refused("../elsewhere/models--a--b/snapshots/0/trap.mjs", /which is a Hugging Face cache/);
      await refused("../cache/engines/x/trap.mjs", /which is a cache of Skipstep/);
      vi.unstubAllEnvs();
    });

    it("is a source file by its name, or is not loaded", async () => {
      for (const name of [
        "trap",
        "trap.safetensors",
        "trap.png",
        "trap.json",
        "trap.node",
        "trap.wasm",
        "trap.mjs.txt",
      ]) {
        await write(`own/${name}`, trap());
        await refused(`../own/${name}`, /is no source file by its name\. It must end with: \.js, \.mjs, \.cjs, \.ts/);
      }
      await refused("/dev/null", /is no source file/);
      await symlink(path.join(folder, "own/trap.png"), path.join(folder, "configs/picture.mjs"));
      await refused("./picture.mjs", /trap\.png is no source file/);
      await write("odd/package.json", { name: "odd", exports: "./trap.png" });
      await write("odd/trap.png", trap());
      await refused("../odd", /trap\.png is no source file/);
      await write("own/sources/fine.mjs", source("fine"));
      expect((await findPlugin("../own/sources/fine.mjs", configs())).manifest.name).toBe("fine");
      expect((await findPlugin("../own", configs()).catch((error) => error)).code).toBe("SKIPSTEP_PLUGIN_BROKEN");
    });

    it("is called by no such name", async () => {
      const names = ["a b", "@a", "@a/", "a/../../b", "@a/../b", "a\\b", "a\0", "data:text/javascript,0", "node:fs"];
      for (const use of [...names, "https://a/b.mjs", "file://host/x.mjs", "x".repeat(100_000)]) {
        const error = await failure(use);
        expect([error.code, error.message.length < 500]).toEqual(["SKIPSTEP_PLUGIN_REFUSED", true]);
        const config = { model: "m", plugins: [use] };
        await expect(
          loadConfig(config, { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }) }),
        ).rejects.toMatchObject({ code: error.code });
      }
    });
  });

  it("finds plugins without loading them", async () => {
    await install("cache", {}, "throw new Error();");
    const file = await write("configs/c.json", { model: "m", plugins: [{ use: "cache", options: { b: 1 } }] });
    const loaded = await loadConfig(file, {
      catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }),
      plugins: false,
    });
    expect(loaded.code).toEqual([
      { use: "cache", package: "cache", version: "1.2.3", file: path.join(folder, "node_modules/cache/lib/index.js") },
    ]);
    expect(loaded).toMatchObject({
      plugins: { plugins: [] },
      config: { plugins: [{ use: "cache", options: { b: 1 } }] },
    });
    const missing = loadConfig(
      { model: "m", plugins: ["nowhere"] },
      { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }), plugins: false },
    );
    await expect(missing).rejects.toMatchObject({ code: "SKIPSTEP_PLUGIN_UNKNOWN" });
  });

  it("tells of an options schema that is wrong itself, at the plugin's place", async () => {
    const schema = { type: "object", properties: { a: { type: "number", minimun: 0 } } };
    await install("cache", {}, source("foreign").replace(JSON.stringify(options), JSON.stringify(schema)));
    const file = await write("configs/c.json", { model: "m", plugins: ["cache"] });
    await expect(
      loadConfig(file, { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }) }),
    ).rejects.toThrow(
      /c\.json#\/plugins\/0\/use: The options schema of plugin "foreign" is wrong: strict mode: unknown keyword: "minimun"\./,
    );
  });

  it("refuses unknown options even where the schema does not", async () => {
    const schema = { type: "object", properties: { a: { type: "number", default: 1 } } };
    await install("cache", {}, source("foreign").replace(JSON.stringify(options), JSON.stringify(schema)));
    const file = await write("configs/c.json", { model: "m", plugins: [{ use: "cache", options: { b: 1 } }] });
    await expect(
      loadConfig(file, { catalogueOf: () => ({ schedulerSchemas: {}, settingsSchema, familiesWith: () => [] }) }),
    ).rejects.toThrow(/c\.json#\/plugins\/0\/options has no "b"\. It takes: a\./);
  });

  it("lists the plugins that a folder could use", async () => {
    await install("skipstep-plugin-foreign", { description: "Far away." });
    await install("@someone/cache", { keywords: ["skipstep-plugin"] });
    await install("unrelated", { keywords: ["plugin"] });
    await write("node_modules/broken/package.json", "{ not json");
    await write("configs/node_modules/skipstep-plugin-foreign/package.json", {
      name: "skipstep-plugin-foreign",
      version: "9.0.0",
    });
    expect(installedPlugins(configs()).map(({ name, version }) => `${name} ${version}`)).toEqual([
      "@someone/cache 1.2.3",
      "skipstep-plugin-foreign 9.0.0",
    ]);
    expect(installedPlugins(folder).map(({ name, description }) => `${name}: ${description}`)).toContain(
      "skipstep-plugin-foreign: Far away.",
    );
  });
});

describe("packageEntry", () => {
  const conditions = new Set(["node", "import"]);

  it.each<[string, object, string, string | undefined]>([
    ["main", { main: "./a.js" }, ".", "/p/a.js"],
    ["no main", {}, ".", "/p/index.js"],
    ["a text", { exports: "./a.js" }, ".", "/p/a.js"],
    ["conditions in order", { exports: { types: "./t", default: "./a.js", import: "./b.js" } }, ".", "/p/a.js"],
    [
      "nested conditions",
      { exports: { ".": { node: { require: "./a.cjs", import: "./a.mjs" }, default: "./b.js" } } },
      ".",
      "/p/a.mjs",
    ],
    ["a nested dead end", { exports: { ".": { node: { require: "./a.cjs" }, default: "./b.js" } } }, ".", "/p/b.js"],
    ["a closed entry", { exports: { ".": { node: null, default: "./b.js" } } }, ".", undefined],
    ["a list", { exports: { ".": [{ require: "./a.cjs" }, "./b.js"] } }, ".", "/p/b.js"],
    ["the longest pattern", { exports: { "./*": "./x/*.js", "./in/*": "./y/*.js" } }, "./in/a", "/p/y/a.js"],
    ["a subpath that is not exported", { exports: { ".": "./a.js" } }, "./b", undefined],
    ["any subpath without exports", {}, "./b.js", "/p/b.js"],
  ])("follows %s", (_, json, subpath, file) => {
    expect(packageEntry({ folder: "/p", json }, subpath, conditions)).toBe(file);
  });
});

describe("isInRange", () => {
  it.each<[string, string, boolean]>([
    ["1.4.0", "^1.2.3", true],
    ["1.2.2", "^1.2.3", false],
    ["2.0.0", "^1.2.3", false],
    ["0.1.9", "^0.1.0", true],
    ["0.2.0", "^0.1.0", false],
    ["0.0.4", "^0.0.3", false],
    ["0.9.0", "^0", true],
    ["1.2.9", "~1.2.3", true],
    ["1.3.0", "~1.2.3", false],
    ["1.9.0", "~1", true],
    ["1.2.3", "1.2.3", true],
    ["1.2.4", "1.2.3", false],
    ["1.2.4", "1.2.x", true],
    ["1.3.4", "1.2.*", false],
    ["3.0.0", "*", true],
    ["0.5.0", ">=0.1.0 <1.0.0", true],
    ["1.0.0", ">= 0.1.0 < 1.0.0", false],
    ["1.2.5", "<=1.2", true],
    ["1.2.5", ">1.2", false],
    ["1.3.0", ">1.2", true],
    ["2.1.0", "1.0.0 - 2", true],
    ["3.0.0", "1.0.0 - 2", false],
    ["2.1.0", "^1.0.0 || ^2.0.0", true],
    ["3.1.0", "^1.0.0 || ^2.0.0", false],
    ["0.1.0", "workspace:^", true],
  ])("%s in %s: %s", (version, range, expected) => {
    expect(isInRange(version, range)).toBe(expected);
  });
});
