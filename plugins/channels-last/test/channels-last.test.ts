import { join } from "node:path";
import { validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { describeAtBuild } from "../../../packages/contract/test/describe-at-build";
import { ChannelsLast } from "../src/index";

const model = join(import.meta.dirname, "../../../test/golden/pipelines/sd15");

describeAtBuild(ChannelsLast, {
  model,
  active: { int8: "dynamic" }, // float32 is not equal bit by bit: sums are taken in another order
  config: { scheduler: { type: "DDIMScheduler" } },
  generate: { prompt: "a cat", guidance_scale: 2, height: 32, width: 32 },
  tolerance: 2.5, // of the latents; random weights amplify what is rounded
});

describe("channels-last", () => {
  it.each([
    ["another int8", { int8: "static" }, 'int8 must be one of "off", "dynamic", found "static"'],
    ["a name that is none", { skip_modules: [""] }, /skip_modules/],
    ["names that are no list", { skip_modules: "conv1" }, /skip_modules/],
    ["an unknown option", { int_8: "dynamic" }, /has no "int_8"/],
  ])("refuses %s before anything is loaded", async (_, options, message) => {
    await expect(validateConfig({ model, plugins: [{ use: ChannelsLast, options }] })).rejects.toThrow(message);
  });

  it("tells of names that skip nothing", () => {
    const given = { int8: "dynamic", skip_ends: true, skip_modules: ["mid_block", "middle"] } as const;
    const plugin = new ChannelsLast({ ...given, skip_modules: [...given.skip_modules] });
    const weight = { name: "mid_block.resnets.0.conv1.weight", role: "conv", shape: [32, 32, 3, 3] };
    expect(plugin.weightLoad(weight as never)).toBeUndefined();
    expect(plugin.buildWarnings()).toEqual([
      '"middle" in "skip_modules" skips nothing: no convolution is called so or lies in it.',
    ]);
    const off = new ChannelsLast({ int8: "off", skip_ends: true, skip_modules: ["mid_block"] });
    expect(off.buildWarnings()).toEqual(['"mid_block" in "skip_modules" skips nothing: "int8" is "off".']);
  });
});
