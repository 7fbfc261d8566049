import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "@skipstep/contract/graph";
import { Ddpm } from "../../examples/family/src/index";
import { expectImages, generate } from "./pipelines";

/** Models of pixels, which the package in examples/family runs. */

/** What the reference was called with. */
interface PixelCall {
  readonly seed: number;
  readonly num_inference_steps: number;
  readonly call: {
    readonly batch_size?: number;
    readonly eta?: number;
    readonly use_clipped_model_output?: boolean;
  };
}

export function isPixelModel(model: string): boolean {
  const index = join(model, "model_index.json");
  if (!existsSync(index)) return false;
  const { _class_name: className } = JSON.parse(readFileSync(index, "utf8"));
  return className === "DDPMPipeline" || className === "DDIMPipeline";
}

/** As `pipelineCase`. What the reference's pipelines hand on to their scheduler is the scheduler's option here. */
export function pixelCase(model: string, file: string, tolerance: number): () => Promise<void> {
  const { seed, num_inference_steps, call }: PixelCall = JSON.parse(readFileSync(`${file}.json`, "utf8"));
  const { batch_size, ...scheduler } = call;
  return async () => {
    const config = { model, plugins: [Ddpm], strict: true, scheduler };
    const result = await generate(
      { ...config, generate: { num_inference_steps, ...(batch_size ? { batch_size } : {}) } },
      { seed },
    );
    expectImages(result, readSafetensors(`${file}.safetensors`).get("out.image")!, tolerance);
  };
}
