import { join } from "node:path";
import { describePlugin } from "@skipstep/contract";
import { validateConfig } from "@skipstep/core";
import { describe, expect, it } from "vitest";
import { DeepCache } from "../src/index";

const root = join(import.meta.dirname, "../../..");
const model = join(root, "test/golden/pipelines/sd15");

describePlugin(DeepCache, {
  model,
  exact: { cache_interval: 1 }, // changes nothing: the result is equal bit by bit
  active: { cache_interval: 2, cache_branch_id: 3 }, // saves work
  config: { scheduler: { type: "DDIMScheduler" } },
  tolerance: 2.5, // of the latents; with random weights neighbouring steps are not alike
});

describe("deepcache", () => {
  it.each([
    [
      "a branch that the U-Net has not",
      { cache_branch_id: 12 },
      /cache_branch_id of plugin "deepcache" must be 0 to 11/,
    ],
    ["an interval of 0", { cache_interval: 0 }, /cache_interval/],
    ["a power of 1", { pow: 1 }, /pow/],
  ])("refuses %s before anything is loaded", async (_, options, message) => {
    await expect(validateConfig({ model, plugins: [{ use: DeepCache, options }] })).rejects.toThrow(message);
  });

  it("needs a U-Net", async () => {
    const config = { model: join(root, "models/emoji"), plugins: [{ use: DeepCache }] };
    await expect(validateConfig(config)).rejects.toThrow('Plugin "deepcache" needs a model with: unet.');
  });
});
