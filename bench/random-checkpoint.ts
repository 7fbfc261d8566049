import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { weightShapes } from "@skipstep/contract/graph";
import type { Architecture } from "@skipstep/core/model";
import { type FloatType, RandomTensors } from "./random-tensors";
import { writeSafetensors } from "./write-safetensors";

export interface ModelRequest {
  readonly architecture: Architecture;
  /** The component's config.json; options left out are the reference's defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dtype: FloatType;
  /** Of optional weights, those that the model has: `(name) => name.startsWith("model.")`. */
  readonly has?: (name: string) => boolean;
  /** Name of the weights; diffusers' own when left out, those of transformers are `model.safetensors`. */
  readonly file?: string;
}

/**
 * Writes a component's folder, config.json and random weights, for any architecture: the names and shapes are those
 * that its graphs ask for.
 * @returns the number of parameters
 */
export function writeRandomModel(folder: string, request: ModelRequest): number {
  const { architecture, config, dtype, has, file = "diffusion_pytorch_model.safetensors" } = request;
  const shapes = weightShapes(architecture, config, has);
  const random = new RandomTensors(dtype);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ _class_name: architecture.className, ...config }));
  writeSafetensors(
    join(folder, file),
    [...shapes].map(([name, shape]) => ({ name, dtype, shape, pieces: () => random.pieces(name, shape) })),
  );
  return [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((size, dim) => size * dim, 1), 0);
}
