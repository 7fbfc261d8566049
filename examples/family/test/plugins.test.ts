import type { PluginReport } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { draw } from "./draw";
import { userFolder } from "./golden-model";

const folder = userFolder();
const generate = { seed: 14, num_inference_steps: 12 };
const plain = draw(folder, { generate });

/** With another plugin, and what the report says of it. @param tolerance largest root mean square of the difference */
async function drawWith(use: string, options: object, tolerance: number): Promise<PluginReport> {
  const { latents, report } = await draw(folder, { generate, plugins: [{ use: `@skipstep/plugin-${use}`, options }] });
  const { data } = (await plain).latents;
  const squares = latents.data.map((value, i) => (value - data[i]!) ** 2);
  expect(Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / data.length)).toBeLessThanOrEqual(tolerance);
  expect(report.plugins.map(({ name }) => name)).toEqual(["ddpm", use]);
  expect(report.warnings).toEqual([]);
  return report.plugins[1]!;
}

it("the report says what the family's own plugin did", async () => {
  const { report } = await plain;
  expect(report.plugins).toMatchObject([{ name: "ddpm", effect: true, summary: "runs a DDPMPipeline" }]);
});

describe("plugins work on it", () => {
  it("deepcache skips the deep layers at most steps", async () => {
    const { summary, regions } = await drawWith("deepcache", { cache_interval: 3 }, 0.1);
    expect(summary).toMatch(/^reused 8 of 12 steps/);
    expect(regions.map(({ reused }) => reused)).toEqual([[1, 2, 4, 5, 7, 8, 10, 11]]);
  });

  it("channels-last leaves no transposes", async () => {
    const { build } = await drawWith("channels-last", {}, 1e-6);
    expect(build.changes).toMatchObject({ "transposes left": 0 });
  });

  it("bnb stores its linear layers in 8 bits", async () => {
    const { build } = await drawWith("bnb", { load_in_8bit: true }, 2e-3);
    expect(build.weights).toBeGreaterThan(20);
    expect(build.storedBytes).toBeLessThan(build.floatBytes / 3);
  });
});
