import { shapeMismatch } from "../../errors/graph";
import type { TensorEntry, WeightSource } from "./weight-source";

/** Has every tensor in every shape, and no values: to build graphs of configs alone. */
export const anyWeights: WeightSource = {
  names: [],
  has: () => true,
  entry: (name) => entryOf(name, []),
  expect: entryOf,
  read: refuse,
  readFloat32: refuse,
  readRows: refuse,
  identity: refuse,
};

/** Elements along an axis: a config that asks for more fits no file, and what is made of it must stay small. */
const longestAxis = 2 ** 24;

function entryOf(name: string, shape: readonly number[]): TensorEntry {
  if (shape.some((size) => size > longestAxis))
    throw shapeMismatch("", name, `[${shape.join(", ")}] is larger than any tensor`);
  return { name, dtype: "float32", shape, file: "", offset: 0, byteLength: 0 };
}

function refuse(): never {
  throw new TypeError("a graph is built without values");
}
