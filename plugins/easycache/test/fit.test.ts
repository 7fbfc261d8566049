import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { EasyCache, type EasyCacheOptions } from "../src/index";

const golden = join(import.meta.dirname, "../../../test/golden/pipelines");

async function problem(model: string, options: Partial<EasyCacheOptions>): Promise<string | undefined> {
  const generate = { height: 64, width: 64 };
  const config = { model: join(golden, model), generate, plugins: [{ use: EasyCache, options }] };
  return validateConfig(config).then(
    () => undefined,
    ({ message }) => message,
  );
}

describe("easycache", () => {
  it("takes the rule of the model, and refuses the other one's", async () => {
    expect(await problem("flux", {})).toBeUndefined();
    expect(await problem("sd15", {})).toBeUndefined();
    expect(await problem("flux", { rule: "easycache" })).toBeUndefined();
    expect(await problem("sdxl", { rule: "ucache" })).toBeUndefined();
    expect(await problem("sd15", { rule: "easycache" })).toMatch(
      /rule of plugin "easycache" must be "ucache" or null for UNet2DConditionModel, found "easycache", which is for transformers/,
    );
    expect(await problem("z-image", { rule: "ucache" })).toMatch(/must be "easycache" or null for ZImage.* U-Nets/);
  });

  it.each<[string, Partial<EasyCacheOptions>]>([
    ["start", { start: 1 }],
    ["start", { start: 0.5, end: 0.5 }],
    ["start", { start: 0.9, end: 0.2 }],
    ["end", { end: 1.1 }],
    ["end", { end: 0 }],
    ["threshold", { threshold: -1 }],
    ["decay", { decay: 2 }],
    ["rule", { rule: "teacache" as never }],
    ["reset", { reset: 1 as never }],
  ])("refuses a wrong %s: %j", async (name, options) => {
    expect(await problem("flux", options)).toContain(name);
  });

  it("warns of what only U-Nets heed", () => {
    const options = { rule: null, threshold: null, start: 0, end: 1, decay: 1, relative: true, reset: true };
    const warnings = (more: object, features: readonly ("unet" | "block-list")[]): readonly string[] =>
      new EasyCache({ ...options, ...more }, { className: "Toy", features, lists: [], blocks: [] }).buildWarnings();
    expect(warnings({ reset: false }, ["block-list"])).toEqual([
      expect.stringContaining('Options "decay", "relative" and "reset" of plugin "easycache" are for U-Nets'),
    ]);
    expect(warnings({ reset: false }, ["unet"])).toEqual([]);
    expect(warnings({}, ["block-list"])).toEqual([]);
  });
});
