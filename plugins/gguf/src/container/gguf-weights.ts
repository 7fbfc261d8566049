import {
  BinaryFile,
  type FormatTensor,
  FormatWeights,
  type OpenWeights,
  type StoredWeights,
} from "@skipstep/core/plugin";
import type { BlockType } from "../blocks/block-type";
import { dequantize } from "../blocks/block-type";
import { packedRows, packedWeight, readBlocks, sliceRows } from "./blocks-of-rows";
import { type GgufTensor, isPacked, readHeader } from "./header";
import { joinParts } from "./join-parts";
import { applyTensorScales } from "./tensor-scales";

/** Counts up when a file is read otherwise than before. */
const revision = 2;

/**
 * Opens a GGUF file: its header is read, tensors when they are asked for.
 * @throws what `readHeader` throws
 */
export function openGguf({ path }: Pick<StoredWeights, "path">): OpenWeights {
  const file = BinaryFile.open(path);
  try {
    const { tensors, metadata } = readHeader(file);
    const named = new Map(tensors.map((tensor) => [tensor.name, formatTensor(file, tensor)]));
    return new FormatWeights({
      format: "gguf",
      revision,
      tensors: joinParts(path, applyTensorScales(named)),
      origin: file,
      metadata: Object.fromEntries(metadata),
    });
  } catch (error) {
    file.close();
    throw error;
  }
}

function formatTensor(file: BinaryFile, tensor: GgufTensor): FormatTensor {
  const { name, type, shape, offset, byteLength } = tensor;
  if (isPacked(type)) return blockTensor(file, tensor, type);
  const rowLength = byteLength / (shape[0] ?? 1);
  const readRows = (first: number, count: number): Uint8Array =>
    file.read(`tensor "${name}"`, offset + first * rowLength, count * rowLength);
  return { dtype: type.dtype, shape, file: file.path, offset, readRows };
}

function blockTensor(file: BinaryFile, tensor: GgufTensor, type: BlockType): FormatTensor {
  const { name, shape, offset, byteLength } = tensor;
  const rows = packedRows(file, tensor, type);
  const all = { file, name, type, shape, offset, byteLength };
  const readRows = (first: number, count: number): Uint8Array => {
    if (rows) return bytesOf(dequantize(type, readBlocks(sliceRows(rows, first, count))));
    const values = dequantize(type, readBlocks(all));
    const width = values.length / (shape[0] ?? 1);
    return bytesOf(values.slice(first * width, (first + count) * width));
  };
  const packed = rows ? { packed: packedWeight(rows) } : {};
  return { dtype: "float32", shape, file: file.path, offset, readRows, ...packed };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
