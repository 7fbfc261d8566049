import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import type { GenerateConfig } from "@skipstep/core";
import type { Floats } from "@skipstep/core/model";
import { expect } from "vitest";
import { isBuilt } from "../../packages/core/test/is-built";
import { expectImages, generate, withoutFrames } from "./pipelines";

/** What the reference was called with, and steps and size; what else is there says what became of it. */
interface About extends Required<Pick<GenerateConfig, "num_inference_steps" | "height" | "width">> {
  /** Folder below `pipelines`. */
  readonly pipeline: string;
  /** File beside this one. */
  readonly lora: string;
  readonly scale: number;
  readonly call: GenerateConfig;
}

const TOLERANCE = 2e-3;

/** A pipeline with a LoRA merged into it. @returns `undefined` for a family that is not built yet */
export function loraCase(folder: string, root: string): (() => Promise<void>) | undefined {
  const about: About = JSON.parse(readFileSync(join(folder, "about.json"), "utf8"));
  const { pipeline, lora, scale, call, num_inference_steps, height, width } = about;
  const model = join(root, "pipelines", pipeline);
  if (!isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const config = {
      model,
      lora: [{ path: join(folder, lora), scale }],
      generate: { num_inference_steps, height, width, ...call },
    };
    const result = await generate(config, { latents: withoutFrames(io.get("in.latents") as Floats) });
    expect(result.report.warnings).toEqual([]);
    expectImages(result, io.get("out.image")!, TOLERANCE);
  };
}
