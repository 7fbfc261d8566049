import { floats, type Tensor } from "../src/tensor";
import type { TensorEntry, WeightSource } from "../src/weights/checkpoint/weights";

/** A checkpoint in memory, float32. */
export function memoryWeights(tensors: Readonly<Record<string, Tensor<Float32Array>>>): WeightSource {
  const found = (name: string): Tensor<Float32Array> => {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`no tensor ${name}`);
    return tensor;
  };
  const entry = (name: string): TensorEntry => {
    const { dtype, shape, data } = found(name);
    return { name, dtype, shape, file: "memory", offset: 0, byteLength: data.byteLength };
  };
  return {
    names: Object.keys(tensors),
    has: (name) => name in tensors,
    entry,
    expect(name, shape) {
      if (entry(name).shape.join() !== shape.join())
        throw new Error(`${name} is [${entry(name).shape}], not [${shape}]`);
      return entry(name);
    },
    read: found,
    readFloat32: (name) => found(name).data.slice(),
    readRows(name, firstRow, rowCount) {
      const { shape, data } = found(name);
      const row = data.length / (shape[0] ?? 1);
      return new Uint8Array(data.slice(firstRow * row, (firstRow + rowCount) * row).buffer);
    },
    identity: () => "0".repeat(64),
  };
}

/** Values between -1 and 1 that differ with `seed`; not random in any stricter sense. */
export function wave(shape: readonly number[], seed: number): Tensor<Float32Array> {
  const tensor = floats(shape);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.sin(1 + i * 0.7 + seed * 13.7 + (i % 11) * seed);
  return tensor;
}
