import type { WeightSource } from "../checkpoint/weight-source";
import { tensorMissing } from "../errors/checkpoint";

/** For graphs that are made of constants and inputs alone. */
export const noWeights: WeightSource = {
  names: [],
  has: () => false,
  entry: missing,
  expect: missing,
  read: missing,
  readFloat32: missing,
  readRows: missing,
  identity: () => "0".repeat(64),
};

function missing(name: string): never {
  throw tensorMissing(name, [], []);
}
