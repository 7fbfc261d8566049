import { type FormatTensor, type PackedWeight, sizeOf, toFloat32 } from "@skipstep/core/plugin";

/** A weight's own scale beside its blocks, as llama.cpp names it (`x.scale`) and others do (`x.weight.scale`). */
const ends = [".scale", ".weight.scale"];

/** Scales that inputs are rounded with, which rounding of weights alone does not need. */
const inputEnds = [".input_scale", ".weight.input_scale"];

/** Multiplies packed weights by the scale that NVFP4 has for a whole tensor, and hides it. */
export function applyTensorScales(tensors: ReadonlyMap<string, FormatTensor>): Map<string, FormatTensor> {
  const all = new Map(tensors);
  for (const [name, tensor] of tensors) {
    if (!tensor.packed || !name.endsWith(".weight")) continue;
    const module = name.slice(0, -".weight".length);
    const scaleName = ends.map((end) => module + end).find((other) => sizeOf(tensors.get(other)?.shape ?? [0]) === 1);
    if (scaleName === undefined) continue;
    const scale = toFloat32(tensors.get(scaleName)!.readRows(0, 1), tensors.get(scaleName)!.dtype)[0]!;
    all.set(name, scaledTensor(tensor, scale));
    for (const end of [scaleName.slice(module.length), ...inputEnds]) all.delete(module + end);
  }
  return all;
}

function scaledTensor(tensor: FormatTensor, scale: number): FormatTensor {
  const readRows = (first: number, count: number): Uint8Array => {
    const values = toFloat32(tensor.readRows(first, count), tensor.dtype).map((value) => value * scale);
    return new Uint8Array(values.buffer);
  };
  return { ...tensor, dtype: "float32", readRows, packed: scaledWeight(tensor.packed!, scale) };
}

/** Told with the blocks: whoever takes them apart multiplies their scales. */
function scaledWeight(packed: PackedWeight, scale: number): PackedWeight {
  const { rows } = packed;
  const cut = (first: number, count: number): PackedWeight | undefined => {
    const part = rows?.(first, count);
    return part ? scaledWeight(part, scale) : undefined;
  };
  return { ...packed, parameters: { ...packed.parameters, scale }, ...(rows ? { rows: cut } : {}) };
}
