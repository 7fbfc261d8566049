import { readFileSync } from "node:fs";
import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { hookKinds } from "@skipstep/core/plugin";
import { describe, expect, it } from "vitest";
import { codeBlocks } from "./docs/code-blocks";
import { pluginDocuments } from "./docs/plugin-documents";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const guide = read("docs/plugins.md");

describe("docs/plugins.md", () => {
  it("shows the example plugin and its test as they are", () => {
    const blocks = codeBlocks(guide, "ts").map(({ code }) => code);
    expect(blocks[0]).toBe(read("examples/plugin/src/every-nth.ts"));
    expect(blocks).toContainEqual(read("examples/plugin/test/every-nth.test.ts"));
    expect(blocks[0]!.split("\n").length).toBeLessThan(60);
  });

  it("has a row for every hook, with its kind, in order", () => {
    const rows = [...guide.matchAll(/^\| `(\w+)` +\| (first|each|wrap) +\|/gm)].map(([, hook, kind]) => [hook, kind]);
    expect(rows).toEqual(Object.entries(hookKinds));
    for (const hook of Object.keys(hookKinds)) expect(guide).toContain(`\n### ${hook}\n\n\`${hook}(`);
  });

  it("names errors that exist", () => {
    const known = read("docs/errors.md");
    for (const [code] of guide.matchAll(/SKIPSTEP_\w+/g)) expect(known).toContain(`\`${code}\``);
  });

  it("links to what is there", () => {
    for (const [, target] of guide.matchAll(/\]\((\.\.[^)#]*)\)/g))
      expect(() => readFileSync(join(root, "docs", target!)), target).not.toThrow(/ENOENT/);
    for (const [, anchor] of guide.matchAll(/\]\(#([^)]*)\)/g))
      expect(guide.toLowerCase().replaceAll(" ", "-")).toContain(`#-${anchor}\n`);
  });
});

/** Folders of packages that lie in `examples`. */
const examples = { "every-nth": "plugin", ddpm: "family" };

it.each(pluginDocuments)("has configs in %s that are valid", async (file) => {
  const configs = codeBlocks(read(file), "json")
    .map(({ code }) => JSON.parse(code))
    .filter((json) => "plugins" in json);
  for (const config of configs) {
    const folder = join(root, "configs");
    const entries = config.plugins.map((entry: string | { use: string }) =>
      typeof entry === "string" ? { use: entry } : entry,
    );
    const plugins = entries.map((entry: { use: string }) => ({
      ...entry,
      use:
        entry.use in examples
          ? join(root, "examples", examples[entry.use as keyof typeof examples])
          : entry.use.startsWith(".")
            ? join(folder, entry.use)
            : entry.use,
    }));
    const generate = { height: 128, width: 128, ...config.generate };
    const loaded = await validateConfig({ ...config, plugins, generate, model: join(folder, config.model) });
    expect(loaded.plugins.plugins.map(({ name }) => name)).toHaveLength(plugins.length);
  }
});
