import { sizeOf } from "../../../../tensor";
import { transposed } from "../../../../transposed";
import type { StoredModule } from "../stored-module";
import type { ElementType } from "./element-type";
import type { Layout } from "./layout";
import { groupOf, unpackCodes } from "./packed-codes";

/** A weight's codes, packed or not. */
export interface Codes {
  readonly type: ElementType;
  /** Elements in all. */
  readonly size: number;
  /** The codes' values of some rows. */
  read(first: number, count: number, layout: Layout): Float32Array;
}

/** @throws SKIPSTEP_QUANTIZED_INVALID where bytes and type do not go together */
export function codeReader(module: StoredModule, type: ElementType): Codes {
  const { dtype, shape } = module.entry("weight");
  const { table } = type;
  if (!table || dtype === type.name) {
    if (dtype !== type.name) throw module.broken("weight", `is ${dtype}, where SDNQ's ${type.name} is expected`);
    return { type, size: sizeOf(shape), read: (first, count, layout) => plain(module, first, count, layout) };
  }
  const group = groupOf(type.bits);
  if (dtype !== "uint8" || sizeOf(shape) % group.bytes !== 0)
    throw module.broken("weight", `is ${dtype} [${shape.join(", ")}], where packed ${type.name} is expected`);
  const read = (first: number, count: number, { width }: Layout): Float32Array => {
    const [from, end] = [first * width, (first + count) * width];
    const [firstGroup, endGroup] = [Math.floor(from / group.codes), Math.ceil(end / group.codes)];
    const codes = unpackCodes(bytesOf(module, firstGroup * group.bytes, endGroup * group.bytes), type.bits);
    const skipped = from - firstGroup * group.codes;
    const values = new Float32Array(end - from);
    for (let i = 0; i < values.length; i++) values[i] = table[codes[skipped + i]!]!;
    return values;
  };
  return { type, size: (sizeOf(shape) / group.bytes) * group.codes, read };
}

function plain(module: StoredModule, first: number, count: number, { isTurned, rows, width }: Layout): Float32Array {
  if (!isTurned) return module.numbers("weight", first, count);
  const whole = transposed(module.floats("weight"), width, rows);
  return whole.slice(first * width, (first + count) * width);
}

/** Bytes `from` to `end` of the weight, whatever rows they lie in. */
function bytesOf(module: StoredModule, from: number, end: number): Uint8Array {
  const { shape, byteLength } = module.entry("weight");
  const rowLength = byteLength / Math.max(1, shape[0] ?? 1);
  const first = Math.floor(from / rowLength);
  const bytes = module.bytes("weight", first, Math.ceil(end / rowLength) - first);
  return bytes.subarray(from - first * rowLength, end - first * rowLength);
}
