import { sizeOf } from "../../../tensor";
import { tensorIn } from "../../checkpoint/source-tensor";
import type { OpenWeights, TensorEntry } from "../../checkpoint/weight-source";
import { type FormatTensor, FormatWeights } from "../format-weights";
import { mxfp8Weight, nvfp4Weight } from "./block-floats";
import { comfyFourBit } from "./comfy-four-bit";
import { quantoBits, quantoBytes } from "./quanto";
import { scaledWeight } from "./scaled-weight";
import { sdnqWeight } from "./sdnq/sdnq-weight";
import { type ModuleReader, type ModuleWeight, moduleOf, type StoredFile, StoredModule } from "./stored-module";
import { torchaoWeight } from "./torchao";

/** Counts up when a form is read to other values than before. */
const revision = 1;

/** Forms that core reads, without a plugin. The first that takes a module counts. */
const readers: readonly ModuleReader[] = [
  nvfp4Weight,
  mxfp8Weight,
  sdnqWeight,
  scaledWeight,
  quantoBytes,
  quantoBits,
  torchaoWeight,
  comfyFourBit,
];

/** Says of a whole part of a file that weights are scaled, and nothing else. */
const marker = /(^|\.)scaled_fp8$/;

/** Elements that are unpacked at once. */
const chunkSize = 2 ** 20;

/**
 * Weights as models see them: those that lie scaled or packed beside their scales are float32, one by one, and what
 * belongs to them is hidden. The source itself where none does.
 *
 * @throws SKIPSTEP_QUANTIZED_UNREAD, SKIPSTEP_QUANTIZED_INVALID
 */
export function readModules(file: StoredFile): OpenWeights {
  const { source, quantization } = file;
  const made = new Map<string, { readonly weight: ModuleWeight; readonly module: StoredModule }>();
  const hidden = new Set(source.names.filter((name) => marker.test(name)));
  for (const module of modulesOf(file)) {
    const weight = readers.reduce<ModuleWeight | undefined>((found, read) => found ?? read(module), undefined);
    if (!weight) continue;
    made.set(`${module.name}.weight`, { weight, module });
    for (const part of weight.uses) if (module.has(part)) hidden.add(module.entry(part).name);
  }
  if (made.size === 0 && hidden.size === 0) return source;
  const tensors = new Map<string, FormatTensor>();
  for (const name of source.names) if (!hidden.has(name)) tensors.set(name, tensorIn(source, name));
  for (const [name, { weight, module }] of made) tensors.set(name, tensorOf(weight, module));
  return new FormatWeights({ revision, settings: quantization, tensors, origin: source });
}

/** The tensors of a file by module. */
function modulesOf(file: StoredFile): StoredModule[] {
  const parts = new Map<string, Map<string, TensorEntry>>();
  for (const name of file.source.names) {
    if (!name.includes(".")) continue;
    const module = moduleOf(name);
    const own = parts.get(module) ?? new Map<string, TensorEntry>();
    parts.set(module, own.set(name.slice(module.length + 1), file.source.entry(name)));
  }
  return [...parts].map(([name, own]) => new StoredModule(name, own, file));
}

function tensorOf(weight: ModuleWeight, module: StoredModule): FormatTensor {
  const { shape, uses, isWhole, kind } = weight;
  const entries = uses.filter((part) => module.has(part)).map((part) => module.entry(part));
  const [{ file, offset }] = entries as [TensorEntry];
  const width = Math.max(1, sizeOf(shape.slice(1)));
  const step = isWhole ? Number.POSITIVE_INFINITY : Math.max(1, Math.floor(chunkSize / width));
  return {
    dtype: "float32",
    shape,
    file,
    offset,
    ...(kind === undefined ? {} : { stored: { format: kind, byteLength: sum(entries) } }),
    readRows(first, count) {
      if (count <= step) return bytesOf(weight.rows(first, count));
      const values = new Float32Array(count * width);
      for (let from = 0; from < count; from += step)
        values.set(weight.rows(first + from, Math.min(step, count - from)), from * width);
      return bytesOf(values);
    },
    ...(weight.fit ? { fit: (wanted) => fitted(weight, module, wanted) } : {}),
  };
}

function sum(entries: readonly TensorEntry[]): number {
  return entries.reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

function fitted(weight: ModuleWeight, module: StoredModule, wanted: readonly number[]): FormatTensor | undefined {
  const other = weight.fit?.(wanted);
  return other ? tensorOf(other, module) : undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
