import { type DType, type OpenWeights, parseJson, type SkipstepError, sizeOf, transposed } from "@skipstep/core/plugin";
import { codeTables, type FourBitType } from "./codes";
import { unnestScales } from "./double-quantization";
import { checkpointBroken } from "./errors";

/** What a checkpoint says of one weight in 4 bits. */
export interface QuantState {
  readonly type: FourBitType;
  readonly block: number;
  /** What the weight was before, and is rounded to after. */
  readonly dtype: DType;
  /** `[rows, columns]` */
  readonly shape: readonly number[];
  /** Of the scales; missing where they are float32. */
  readonly nested?: { readonly block: number; readonly offset: number };
}

const stateName = /^(.*)\.quant_state\.bitsandbytes__(nf4|fp4)$/;

/** The weight that a tensor of that name tells of. */
export function weightOfState(name: string): string | undefined {
  return stateName.exec(name)?.[1];
}

/** Reads and checks what a checkpoint says of a weight, and the sizes of its tensors. @throws SKIPSTEP_BNB_INVALID */
export function readQuantState(tensors: OpenWeights, path: string, weight: string): QuantState {
  const fail = (problem: string): SkipstepError => checkpointBroken(path, weight, problem);
  const keys = (["nf4", "fp4"] as const).filter((kind) => tensors.has(`${weight}.quant_state.bitsandbytes__${kind}`));
  if (keys.length !== 1) throw fail("is told of by two quant states, nf4 and fp4");
  const type = keys[0]!;
  const { data } = tensors.read(`${weight}.quant_state.bitsandbytes__${type}`);
  const state = parse(Buffer.from(data as Uint8Array).toString("utf8"));
  const shape = state?.shape;
  if (!state || !isShape(shape)) throw fail("has a quant state that is no JSON with a shape");
  const { blocksize, dtype, nested_offset, nested_blocksize } = state;
  if (!isPowerOfTwo(blocksize) || blocksize < 16) throw fail(`has a block size of ${JSON.stringify(blocksize)}`);
  if (!["float32", "float16", "bfloat16"].includes(String(dtype)))
    throw fail(`is of the type ${JSON.stringify(dtype)}`);
  for (const part of ["", ".absmax", ".quant_map"])
    if (!tensors.has(weight + part)) throw fail(`has no "${weight}${part}"`);
  const isNested = tensors.has(`${weight}.nested_absmax`);
  if (isNested && (typeof nested_offset !== "number" || !isPowerOfTwo(nested_blocksize)))
    throw fail("has scales in 8 bits and does not say how");
  const blocks = Math.ceil(sizeOf(shape) / blocksize);
  const bytes = Math.ceil(sizeOf(shape) / 2);
  const stored = tensors.entry(weight).byteLength;
  if (stored < bytes) throw fail(`is [${shape.join(", ")}] in 4 bits, which are ${bytes} bytes, and has ${stored}`);
  const scales = tensors.entry(`${weight}.absmax`).shape;
  if (sizeOf(scales) !== blocks) throw fail(`has ${blocks} blocks of ${blocksize}, and ${sizeOf(scales)} scales`);
  // The kernel for CPUs wants scales as a matrix with a column for each row, and leaves them so in what is saved after.
  if (scales.length > 1 && !isTurned(scales, shape))
    throw fail(
      `has scales [${scales.join(", ")}], where [${blocks}] or [${blocks / shape[0]!}, ${shape[0]}] is expected`,
    );
  return {
    type,
    block: blocksize,
    dtype: dtype as DType,
    shape,
    ...(isNested ? { nested: { block: nested_blocksize as number, offset: nested_offset as number } } : {}),
  };
}

/** Whether scales are `[blocks of a row, rows]`. */
function isTurned(scales: readonly number[], shape: readonly number[]): boolean {
  return scales.length === 2 && shape.length === 2 && scales[1] === shape[0];
}

/** The scales as float32, in the order of the blocks. */
export function readScales(tensors: OpenWeights, weight: string, { nested }: QuantState): Float32Array {
  const { shape } = tensors.entry(`${weight}.absmax`);
  if (!nested) {
    const scales = tensors.readFloat32(`${weight}.absmax`);
    return shape.length === 2 ? transposed(scales, shape[0]!, shape[1]!) : scales;
  }
  return unnestScales({
    codes: tensors.read(`${weight}.absmax`).data as Uint8Array,
    map: tensors.readFloat32(`${weight}.nested_quant_map`),
    absmax: tensors.readFloat32(`${weight}.nested_absmax`),
    ...nested,
  });
}

/** Bytes `from` to `end` of the codes, whatever type they are stored as. */
export function readCodes(tensors: OpenWeights, weight: string, from: number, end: number): Uint8Array {
  const { shape, byteLength } = tensors.entry(weight);
  const size = byteLength / Math.max(1, shape[0] ?? 1);
  const first = Math.floor(from / size);
  const rows = tensors.readRows(weight, first, Math.ceil(end / size) - first);
  return rows.subarray(from - first * size, end - first * size);
}

/** Whether the codes stand for what the kernel takes them for. */
export function isUsualTable(tensors: OpenWeights, weight: string, type: FourBitType): boolean {
  const map = tensors.readFloat32(`${weight}.quant_map`);
  return codeTables[type].every((value, code) => value === map[code]);
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = parseJson(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // told by the caller, with the weight's name
  }
}

function isShape(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((dim) => Number.isInteger(dim) && dim > 0);
}

function isPowerOfTwo(value: unknown): value is number {
  return typeof value === "number" && value >= 1 && Number.isInteger(Math.log2(value));
}
