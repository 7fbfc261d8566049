import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { root, skipstep, skipstepJson } from "./skipstep";
import { temporaryFolder } from "./temporary-folder";

const folder = temporaryFolder();
const inFolder = (name: string): string => path.join(folder.path, name);
const model = path.join(root, "packages/contract/models/z-image");
const generate = { num_inference_steps: 8, guidance_scale: 2, height: 64, width: 64, seed: 1 };

/** A config in the temporary folder, which has no node_modules. */
function config(name: string, plugins: readonly object[], more: object = {}): string {
  const file = inFolder(`${name}.json`);
  writeFileSync(file, JSON.stringify({ model, generate, plugins, ...more }));
  return file;
}

interface Calibrated {
  readonly file: string;
  readonly options: Readonly<Record<string, readonly number[]>>;
  readonly images: number;
}

const package_ = (name: string): string => path.join(root, "plugins", name);
const readJson = (file: string): Record<string, unknown> => JSON.parse(readFileSync(file, "utf8"));

describe("calibrate", () => {
  it("writes a config with which MagCache runs, in place of the plugin that decided before", async () => {
    const plain = config("plain", [{ use: package_("fbcache") }], { guidance: "separate" });
    writeFileSync(inFolder("prompts.txt"), "a red heart\na cat\n");
    const out = inFolder("deeper/mag.json");
    const given = ["--plugin", package_("magcache"), "--prompts", inFolder("prompts.txt"), "--out", out];
    const { document, exitCode } = await skipstepJson<Calibrated>("calibrate", plain, ...given);
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({ file: out, plugin: "magcache", images: 2 });
    const { mag_ratios } = document.options;
    expect(mag_ratios).toHaveLength(8);
    expect(mag_ratios![0]).toBe(1);
    for (const ratio of mag_ratios!) expect(Math.abs(ratio - 1)).toBeLessThan(0.5);
    expect(readJson(out)).toMatchObject({
      guidance: "separate",
      plugins: [{ use: expect.stringMatching(/magcache$/), options: { mag_ratios } }],
    });
    const made = await skipstep("generate", out, "--prompt", "a cat", "--strict", "--out", inFolder("cat.png"));
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/magcache: reused \d of 8 steps/) });
  });

  it("finds what a config lacks that has the plugin, and keeps its other options", async () => {
    const lacking = config("lacking", [{ use: package_("teacache"), options: { rel_l1_thresh: 0.4 } }]);
    const refused = await skipstep("validate", lacking);
    expect(refused).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("skipstep calibrate <config> --plugin teacache"),
    });
    const out = inFolder("tea.json");
    const given = ["--plugin", package_("teacache"), "-p", "a cat", "--out", out];
    const { stdout, exitCode, stderr } = await skipstep("calibrate", lacking, ...given);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^teacache: coefficients \[(-?[\d.e+-]+,?){5}\]$/m);
    expect(readJson(out).plugins).toMatchObject([{ options: { rel_l1_thresh: 0.4, coefficients: expect.any(Array) } }]);
    expect(await skipstep("validate", out)).toMatchObject({ exitCode: 0 });
  });

  it("refuses what it cannot do", async () => {
    const plain = config("nothing", []);
    const none = await skipstep("calibrate", plain, "--plugin", package_("fbcache"));
    expect(none).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Plugin "fbcache" has no options') });
    const few = ["--plugin", package_("teacache"), "-p", "a cat", "--set", "generate.num_inference_steps=3"];
    expect(await skipstep("calibrate", plain, ...few, "-o", inFolder("few.json"))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("cannot be fitted to 2 different changes; a polynomial needs 5"),
    });
    const other = config("other", [{ use: package_("magcache") }]);
    expect(await skipstep("calibrate", other, "--plugin", package_("teacache"))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining("mag_ratios"),
    });
    expect(await skipstep("calibrate", plain, "--plugin", package_("magcache"), "-o", "x.png")).toMatchObject({
      exitCode: 7,
    });
  });
});
