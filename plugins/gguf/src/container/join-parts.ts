import { type FormatTensor, type PackedWeight, toFloat32 } from "@skipstep/core/plugin";
import { headerBroken } from "../errors";

/**
 * stable-diffusion.cpp keeps the parts of a fused tensor apart: `qkv.weight`, `qkv.weight.1`, `qkv.weight.2` are rows one
 * after the other. Puts them together.
 */
export function joinParts(file: string, tensors: ReadonlyMap<string, FormatTensor>): Map<string, FormatTensor> {
  const joined = new Map<string, FormatTensor>();
  for (const [name, tensor] of tensors) {
    const others = partsOf(name, tensors);
    if (others.length > 0) joined.set(name, join(file, name, [tensor, ...others]));
    else if (!isPart(name, tensors)) joined.set(name, tensor);
  }
  return joined;
}

const end = /^(.+\.(?:weight|bias))\.(\d+)$/;

function isPart(name: string, tensors: ReadonlyMap<string, FormatTensor>): boolean {
  const [, base] = end.exec(name) ?? [];
  return base !== undefined && tensors.has(base);
}

function partsOf(name: string, tensors: ReadonlyMap<string, FormatTensor>): FormatTensor[] {
  const parts: FormatTensor[] = [];
  for (let i = 1; tensors.has(`${name}.${i}`); i++) parts.push(tensors.get(`${name}.${i}`)!);
  return parts;
}

function join(file: string, name: string, parts: readonly FormatTensor[]): FormatTensor {
  const [first] = parts as [FormatTensor];
  const inner = first.shape.slice(1);
  if (parts.some(({ shape }) => shape.slice(1).join() !== inner.join()))
    throw headerBroken(file, `has parts of tensor "${name}" whose rows are not of one length`);
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const isSame = parts.every(({ dtype }) => dtype === first.dtype);
  const readPart = (part: FormatTensor, from: number, count: number): Uint8Array => {
    const bytes = part.readRows(from, count);
    return isSame ? bytes : new Uint8Array(toFloat32(bytes, part.dtype).buffer);
  };
  const readRows = (from: number, count: number): Uint8Array =>
    Buffer.concat(within(parts, from, count).map((range) => readPart(range.part, range.from, range.count)));
  const packed = packedOf(parts);
  return {
    dtype: isSame ? first.dtype : "float32",
    shape: [rows, ...inner],
    file: first.file,
    offset: first.offset,
    readRows,
    ...(packed ? { packed } : {}),
  };
}

interface Range {
  readonly part: FormatTensor;
  readonly from: number;
  readonly count: number;
}

/** Which rows of which parts some rows of all are. */
function within(parts: readonly FormatTensor[], first: number, count: number): Range[] {
  let start = 0;
  return parts.flatMap((part) => {
    const [from, to] = [Math.max(first, start), Math.min(first + count, start + part.shape[0]!)];
    const range = from < to ? [{ part, from: from - start, count: to - from }] : [];
    start += part.shape[0]!;
    return range;
  });
}

/** Rows of one part stay packed, whatever the others are. */
function packedOf(parts: readonly FormatTensor[]): PackedWeight | undefined {
  const [first] = parts as [FormatTensor];
  if (!parts.every(({ packed }) => packed)) return undefined;
  return {
    ...first.packed!,
    format: "gguf:parts",
    byteLength: parts.reduce((sum, { packed }) => sum + packed!.byteLength, 0),
    tensors: {},
    parameters: {},
    rows(from, count) {
      const [range, ...others] = within(parts, from, count);
      return others.length === 0 ? range?.part.packed?.rows?.(range.from, range.count) : undefined;
    },
  };
}
