import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { configSchema, validateConfig } from "@skipstep/core";
import { afterAll, describe, expect, it } from "vitest";
import { codeBlocks } from "./docs/code-blocks";
import { familiesCode, familiesGuide as guide } from "./docs/families-guide";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const folder = mkdtempSync(join(tmpdir(), "skipstep-families-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("docs/families.md", () => {
  it("leads to a package whose test passes, and whose settings are in the schema", async () => {
    for (const [file, code] of familiesCode) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), code);
    }
    const json = { name: "skipstep-plugin-tiny", type: "module", exports: { ".": "./src/index.ts" } };
    writeFileSync(join(folder, "package.json"), JSON.stringify(json));
    // As vitest is installed, and core built: here it runs from its sources.
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    const conditions = ["@skipstep/source", "import", "module", "node", "default"];
    writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "experimentalDecorators": true } }');
    const options = { ssr: { resolve: { conditions } } };
    writeFileSync(join(folder, "vitest.config.mjs"), `export default ${JSON.stringify(options)};`);
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const { stdout } = await promisify(execFile)(process.execPath, [vitest, "run", "--root", folder], {
      env: { ...process.env, NO_COLOR: "1" },
    });
    expect(stdout).toMatch(/Tests +1 passed/);
    const schema = (await configSchema(folder)) as { properties: { generate: { properties: object } } };
    expect(schema.properties.generate.properties).toMatchObject({ batch_size: { description: "Images to draw." } });
  });

  it("shows the example's scheduler as it is", () => {
    expect([...familiesCode.values()]).toContainEqual(read("examples/family/src/gradient-estimation.ts"));
  });

  it("has a config with it that is valid", async () => {
    const configs = codeBlocks(guide, "json").map(({ code }) => JSON.parse(code));
    const config = configs.find(({ scheduler }) => scheduler);
    const model = join(root, "configs", config.model);
    const plugins = [join(root, "examples/family")];
    const { config: checked } = await validateConfig({ ...config, model, plugins });
    expect(checked.scheduler).toEqual({ type: "GradientEstimationScheduler", gamma: 2 });
  });

  it("names errors that exist, and links to what is there", () => {
    const known = read("docs/errors.md");
    for (const [code] of guide.matchAll(/SKIPSTEP_\w+/g)) expect(known).toContain(`\`${code}\``);
    for (const [, target] of guide.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g))
      expect(() => readFileSync(join(root, "docs", target!)), target).not.toThrow(/ENOENT/);
    for (const [, anchor] of guide.matchAll(/\]\(#([^)]*)\)/g))
      expect(guide.toLowerCase().replaceAll("'", "").replaceAll(" ", "-")).toContain(`#-${anchor}\n`);
  });
});
