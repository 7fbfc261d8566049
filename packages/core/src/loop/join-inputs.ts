import { sizeOf, type Tensor, type TensorData } from "../tensor";
import type { Branch } from "./family";

type Inputs = Readonly<Record<string, Tensor>>;

/**
 * Inputs of several generations as those of one batch: all rows of the prompts' branch, then all of the other.
 * @param inputs by generation; tensors with a row an image of the branch
 * @returns nothing where they differ in more than their rows: tokens would have to be filled up
 */
export function joinInputs(branch: Branch, inputs: readonly Inputs[]): Inputs | undefined {
  const halves = branch === "batch" ? 2 : 1;
  const names = Object.keys(inputs[0]!);
  const joined: [string, Tensor][] = [];
  for (const name of names) {
    const tensors = inputs.map((each) => each[name]!);
    const [{ shape, dtype }] = tensors as [Tensor];
    if (tensors.some((tensor) => tensor.shape.slice(1).join() !== shape.slice(1).join())) return undefined;
    const parts = Array.from({ length: halves }, (_, half) => tensors.map((tensor) => part(tensor, half, halves)));
    const rows = tensors.reduce((sum, tensor) => sum + tensor.shape[0]!, 0);
    joined.push([name, { dtype, shape: [rows, ...shape.slice(1)], data: behindOneAnother(parts.flat()) }]);
  }
  return Object.fromEntries(joined);
}

function part({ shape, data }: Tensor, at: number, of: number): TensorData {
  const size = sizeOf(shape) / of;
  return data.subarray(at * size, (at + 1) * size);
}

function behindOneAnother(parts: readonly TensorData[]): TensorData {
  const [first] = parts as [TensorData];
  const Data = first.constructor as new (length: number) => TensorData;
  const result = new Data(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const data of parts) {
    (result as Float32Array).set(data as Float32Array, at);
    at += data.length;
  }
  return result;
}
