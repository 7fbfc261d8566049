import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "../packages/core/src/architecture/architecture";
import { noHooks } from "../packages/core/src/graph/build-hooks";
import { Graph } from "../packages/core/src/graph/graph";
import type { TensorEntry, WeightSource } from "../packages/core/src/weights/checkpoint/weights";
import { type FloatType, RandomTensors } from "./random-tensors";
import { writeSafetensors } from "./write-safetensors";

export interface ModelRequest {
  readonly architecture: Architecture;
  /** The component's config.json; options left out are the reference's defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dtype: FloatType;
  /** Of optional weights, those that the model has: `(name) => name.startsWith("model.")`. */
  readonly has?: (name: string) => boolean;
}

/**
 * Writes a component's folder, config.json and random weights, for any architecture: the names and shapes are those
 * that its graphs ask for.
 * @returns the number of parameters
 */
export function writeRandomModel(folder: string, { architecture, config, dtype, has }: ModelRequest): number {
  const shapes = weightShapes(architecture, config, has);
  const random = new RandomTensors(dtype);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify({ _class_name: architecture.className, ...config }));
  writeSafetensors(
    join(folder, "diffusion_pytorch_model.safetensors"),
    [...shapes].map(([name, shape]) => ({ name, dtype, shape, pieces: () => random.pieces(name, shape) })),
  );
  return [...shapes.values()].reduce((sum, shape) => sum + shape.reduce((size, dim) => size * dim, 1), 0);
}

/** Every weight that a model's graphs ask for, by name. */
export function weightShapes(
  { entries, parse }: Architecture,
  config: Readonly<Record<string, unknown>>,
  has: (name: string) => boolean = () => true,
): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const emit of Object.values(entries))
    emit(Graph.create("random", recorder(shapes, has), noHooks), parse(config));
  return shapes;
}

/** A checkpoint that has whatever it is asked for, and notes it. */
function recorder(shapes: Map<string, readonly number[]>, has: (name: string) => boolean): WeightSource {
  const entry = (name: string): TensorEntry => ({
    name,
    dtype: "float32",
    shape: shapes.get(name)!,
    file: "nowhere",
    offset: 0,
    byteLength: 0,
  });
  const noValues = (): never => {
    throw new Error("a graph was built that reads weights before it is compiled");
  };
  return {
    names: [],
    has,
    entry,
    expect(name, shape) {
      shapes.set(name, shape);
      return entry(name);
    },
    read: noValues,
    readFloat32: noValues,
    readRows: noValues,
    identity: noValues,
  };
}
