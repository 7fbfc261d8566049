import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckedConfig } from "@skipstep/core";
import { createGenerator, sizeOf, type Tensor } from "@skipstep/core/model";
import { safetensors } from "./graph/safetensors";
import { weightShapes } from "./graph/weight-shapes";

export interface RandomControlNet {
  /** Its folder. */
  readonly path: string;
  /** Whether its nets steer a part of the steps where a generation says so. */
  readonly hasInterval: boolean;
}

/**
 * Writes a ControlNet of random weights for a model.
 * @param path of the folder that is made @returns nothing for a family that takes none
 */
export function writeControlNet({ model }: CheckedConfig, path: string): RandomControlNet | undefined {
  const { family, components, configs } = model;
  const { controlNets, denoiser, settings } = family;
  if (!controlNets) return undefined;
  const raw = controlNets.smallest(components.get(denoiser)!.component.config, configs);
  const [{ architecture }] = Object.values(controlNets.classes) as [(typeof controlNets.classes)[string]];
  const [joined] = controlNets.join(configs, [{ name: "controlnet", config: architecture.parse(raw), path }]).nets;
  const generator = createGenerator(3);
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of weightShapes({ ...architecture, parse: () => joined }, raw)) {
    const deviation = shape.length > 1 ? 1 / Math.sqrt(sizeOf(shape.slice(1))) : 0.05;
    const mean = shape.length === 1 && /norm.*\.weight$/.test(name) ? 1 : 0;
    const data = generator.randn(sizeOf(shape)).map((x) => mean + deviation * x);
    tensors[name] = { dtype: "float32", shape, data } as Tensor;
  }
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "config.json"), JSON.stringify(raw));
  writeFileSync(join(path, "diffusion_pytorch_model.safetensors"), safetensors(tensors));
  return { path, hasInterval: Object.hasOwn(settings, "control_guidance_end") };
}
