import { createHash } from "node:crypto";
import { type Floats, floats, type Tensor, type TensorEntry, type WeightSource } from "@skipstep/core/model";
import { toFloat32 } from "@skipstep/core/plugin";

/** A checkpoint of plain arrays. A model that asks for a tensor that is not there, or for another shape, is an error. */
export function memoryWeights(given: Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>): WeightSource {
  const tensors: ReadonlyMap<string, Tensor> = given instanceof Map ? given : new Map(Object.entries(given));
  const found = (name: string): Tensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor;
  };
  const entry = (name: string): TensorEntry => {
    const { dtype, shape, data } = found(name);
    return { name, dtype, shape, file: "memory", offset: 0, byteLength: data.byteLength };
  };
  return {
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    entry,
    expect(name, shape) {
      if (entry(name).shape.join() !== shape.join())
        throw new Error(`${name} is [${entry(name).shape}], not [${shape}]`);
      return entry(name);
    },
    read: found,
    readFloat32: (name) => toFloat32(bytesOf(found(name)), found(name).dtype),
    readRows(name, firstRow, rowCount) {
      const tensor = found(name);
      const row = tensor.data.byteLength / (tensor.shape[0] ?? 1);
      return bytesOf(tensor).slice(firstRow * row, (firstRow + rowCount) * row);
    },
    identity: () => identityOf(tensors),
  };
}

/** Values between -1 and 1 that differ with `seed`; not random in any stricter sense. */
export function wave(shape: readonly number[], seed: number): Floats {
  const tensor = floats(shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.sin(1 + i * 0.7 + seed * 13.7 + (i % 11) * seed);
  return tensor;
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function identityOf(tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash("sha256");
  for (const [name, tensor] of tensors)
    hash.update(`${name} ${tensor.dtype} [${tensor.shape}] `).update(bytesOf(tensor));
  return hash.digest("hex");
}
