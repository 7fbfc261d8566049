import { mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { createPipeline, findPlugin } from "../src";
import type { PluginClass } from "../src/plugin";
import { temporaryFolder, write } from "./checkpoint-files";

const core = join(import.meta.dirname, "..");
const folder = realpathSync(temporaryFolder());
const other = join(folder, "app/node_modules/@skipstep/core");

/** A plugin as its build leaves it. */
const source = `
  import { PluginOptions, inject, plugin } from "@skipstep/core/plugin";
  class Mine { constructor(options) {} beforeStep() {} }
  inject(PluginOptions)(Mine, undefined, 0);
  plugin({ name: "mine", description: "Mine.", options: { type: "object", properties: {} } })(Mine);
  export { Mine };`;

function install(name: string, code = source): void {
  const json = { name, version: "1.0.0", type: "module", exports: "./index.js" };
  write(join(folder, "app/node_modules", name, "package.json"), JSON.stringify(json));
  write(join(folder, "app/node_modules", name, "index.js"), code);
}

/** This core once more, built into another folder, as a package manager may install it twice. */
beforeAll(async () => {
  const require = createRequire(createRequire(import.meta.url).resolve("tsup"));
  const { build } = (await import(pathToFileURL(require.resolve("esbuild")).href)) as {
    build(options: object): Promise<unknown>;
  };
  const { version } = JSON.parse(readFileSync(join(core, "package.json"), "utf8"));
  const json = {
    name: "@skipstep/core",
    version,
    type: "module",
    exports: { ".": "./dist/index.js", "./plugin": "./dist/plugin.js" },
  };
  write(join(other, "package.json"), JSON.stringify(json));
  symlinkSync(join(core, "node_modules"), join(other, "node_modules"));
  await build({
    entryPoints: [join(core, "src/index.ts"), join(core, "src/plugin.ts")],
    outdir: join(other, "dist"),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
  });
});

const told = (use: string): object => ({
  code: "SKIPSTEP_PLUGIN_CORE_TWICE",
  message: `Plugin "${use}" works with another copy of @skipstep/core than this pipeline: ${other}, and this is ${realpathSync(core)}. Make it one: install both with the same package manager in one project (pnpm dedupe), with core as a peer dependency of the plugin.`,
});

describe("a plugin that is linked against another copy of core", () => {
  it("is told of with the paths of both, by package, by path and by class", async () => {
    install("skipstep-plugin-mine");
    const file = write(join(folder, "app/mine.mjs"), source);
    const app = join(folder, "app");
    await expect(findPlugin("mine", app)).rejects.toMatchObject(told("mine"));
    await expect(findPlugin("./mine.mjs", app)).rejects.toMatchObject(told("./mine.mjs"));
    const { Mine } = (await import(pathToFileURL(file).href)) as { Mine: PluginClass };
    const model = join(core, "../contract/models/z-image");
    await expect(
      createPipeline({ model, plugins: [Mine], generate: { prompt: "a cat", height: 32, width: 32 } }),
    ).rejects.toMatchObject({
      code: "SKIPSTEP_PLUGIN_CORE_TWICE",
      message: expect.stringContaining((told("Mine") as { message: string }).message),
    });
  });

  it("is told of where that copy leaves no mark, or lacks what the plugin imports", async () => {
    const unmarked = source.replace(
      "export { Mine }",
      'class Bare {} Reflect.defineMetadata(Symbol.for("skipstep.manifest"), Reflect.getMetadata(Symbol.for("skipstep.manifest"), Mine), Bare); export { Bare }',
    );
    install("skipstep-plugin-older", unmarked);
    install("skipstep-plugin-newer", 'import { notThere } from "@skipstep/core"; export { notThere };');
    install("skipstep-plugin-door", 'export * from "@skipstep/core/no-door";');
    install("skipstep-plugin-none", 'export * from "@skipstep/core";');
    for (const name of ["older", "newer", "door", "none"])
      await expect(findPlugin(name, join(folder, "app"))).rejects.toMatchObject(told(name));
  });

  it("is none where both are one folder by a link, or where it needs no core", async () => {
    const linked = join(folder, "linked/node_modules/@skipstep");
    mkdirSync(linked, { recursive: true });
    symlinkSync(core, join(linked, "core"));
    const manifest = JSON.stringify({ name: "own", description: "Own.", options: { type: "object" } });
    const bare = `export class Own { beforeStep() {} } Reflect.defineMetadata(Symbol.for("skipstep.manifest"), ${manifest}, Own);`;
    for (const place of ["linked/own.mjs", "apart/own.mjs"])
      expect((await findPlugin(write(join(folder, place), bare), dirname(folder))).manifest.name).toBe("own");
  });
});
