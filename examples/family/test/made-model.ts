import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { safetensors, wave, weightShapes } from "@skipstep/contract/graph";
import { type Floats, floats } from "@skipstep/core/model";
import { unet2D } from "../src/index";

/** Weights that are not random, and small enough that images stay in their range. */
export function madeWeights(config: object): Record<string, Floats> {
  const shapes = weightShapes(unet2D, config, (name) => !/\.(query|key|value|proj_attn)\./.test(name));
  return Object.fromEntries(
    [...shapes].map(([name, shape], seed) => {
      const scale = name.endsWith("norm1.weight") || name.endsWith("norm2.weight") ? 1 : 0.1;
      return [
        name,
        floats(
          shape,
          wave(shape, seed % 97).data.map((value) => scale * value),
        ),
      ];
    }),
  );
}

/** A diffusers folder of such a model. */
export function madeFolder(folder: string, config: object, scheduler: object, pipeline = "DDPMPipeline"): string {
  for (const part of ["unet", "scheduler"]) mkdirSync(join(folder, part), { recursive: true });
  const json = (file: string, content: object): void => writeFileSync(join(folder, file), JSON.stringify(content));
  const className = (scheduler as { _class_name?: string })._class_name ?? "DDPMScheduler";
  json("model_index.json", {
    _class_name: pipeline,
    unet: ["diffusers", "UNet2DModel"],
    scheduler: ["diffusers", className],
  });
  json("unet/config.json", { _class_name: "UNet2DModel", ...config });
  json("scheduler/scheduler_config.json", { _class_name: className, ...scheduler });
  writeFileSync(join(folder, "unet/diffusion_pytorch_model.safetensors"), safetensors(madeWeights(config)));
  return folder;
}
