import { join } from "node:path";
import type { ConfigInput } from "@skipstep/core";
import { Runtime } from "@skipstep/core/model";
import { describe, expect, it, vi } from "vitest";
import { draw, psnr } from "./draw";
import { emojiConfig, temporaryFolder } from "./emoji";

// The CPU as an accelerator that computes in float16: it rounds what each operator gives, as such a device does.
vi.mock("../packages/core/src/compiler/providers/profile", async (load) => {
  const real = await load<typeof import("../packages/core/src/compiler/providers/profile")>();
  return { ...real, profileOf: () => ({ ...real.profileOf("cpu"), halfOperators: real.profileOf("webgpu").halfOperators }) };
});

vi.spyOn(Runtime.prototype, "convolutionBlock").mockResolvedValue(undefined); // an accelerator has its own

const cacheDir = temporaryFolder();
const small = { num_inference_steps: 2, height: 64, width: 64, seed: 7 };
const prompted = { ...small, prompt: "a red heart" };

function fixture(name: string, generate: NonNullable<ConfigInput["generate"]> = prompted): ConfigInput {
  return { model: join(import.meta.dirname, "golden/pipelines", name), generate };
}

describe("float16 on a device that computes in it is within 45 dB of float32", () => {
  it.each<[string, ConfigInput]>([
    ["emoji", emojiConfig({ generate: { prompt: "red heart" } })],
    ["emoji-unet", { ...emojiConfig({ generate: { prompt: "red heart" } }), model: join(import.meta.dirname, "../models/emoji-unet") }],
    ...["sd15", "sdxl", "sd3", "flux", "flux2-klein-base", "z-image", "pixart", "qwen-image", "sana"].map((name): [string, ConfigInput] => [name, fixture(name)]),
    ["dit", fixture("dit", { num_inference_steps: 2, class_labels: [1], seed: 7 })],
  ])("%s", async (_, config) => {
    const [plain, half] = [await draw(config, cacheDir), await draw({ ...config, dtype: "float16" }, cacheDir)];
    console.log(_, psnr(half, plain), half.report.warnings);
    expect(half.report.warnings).toEqual(plain.report.warnings);
    expect(psnr(half, plain)).toBeGreaterThan(45);
  });
});
