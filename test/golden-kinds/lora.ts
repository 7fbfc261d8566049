import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GenerateConfig } from "@skipstep/core";
import type { Floats } from "../../packages/core/src/tensor";
import { readSafetensors } from "../../packages/core/test/read-safetensors";
import { expectImages, generate, isBuilt } from "./pipelines";

/** What the reference was called with; sizes and steps stand beside the call. */
interface About extends GenerateConfig {
  readonly kind: string;
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
  const { kind: _, pipeline, lora, scale, call, ...rest } = about;
  const model = join(root, "pipelines", pipeline);
  if (!isBuilt(model)) return undefined;
  return async () => {
    const io = readSafetensors(join(folder, "io.safetensors"));
    const config = { model, lora: [{ path: join(folder, lora), scale }], generate: { ...rest, ...call } };
    const result = await generate(config, { latents: io.get("in.latents") as Floats });
    expectImages(result, io.get("out.image")!, TOLERANCE);
  };
}
