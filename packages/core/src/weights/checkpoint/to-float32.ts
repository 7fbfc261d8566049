import { type DType, itemSize, type TensorData } from "../../tensor";
import { viewAs } from "./dtypes";
import { type FloatFormat, float32BitsOf } from "./small-floats";

/** Little-endian elements of any type as float32; what float32 cannot hold is rounded to nearest, `true` is 1. */
export function toFloat32(bytes: Uint8Array, dtype: DType): Float32Array {
  const target = new Float32Array(bytes.byteLength / itemSize[dtype]);
  writeFloat32(bytes, dtype, target);
  return target;
}

/** `toFloat32` into memory that is already there, `bytes.byteLength / itemSize[dtype]` elements of it. */
export function writeFloat32(bytes: Uint8Array, dtype: DType, target: Float32Array): void {
  const elements = viewAs(bytes, dtype);
  // Bits are moved as integers: a float register could change the payload of a NaN.
  const bits = new Uint32Array(target.buffer, target.byteOffset, target.length);
  if (dtype === "float16" || dtype === "float8_e4m3fn" || dtype === "float8_e5m2")
    lookUp(elements as Uint16Array | Uint8Array, tableOf(dtype), bits);
  else if (dtype === "bfloat16") shiftUp(elements as Uint16Array, bits);
  else if (dtype === "float8_e8m0fnu") raisePowers(elements as Uint8Array, bits);
  else if (dtype === "int64") joinHalves(viewAs(bytes, "int32") as Int32Array, target);
  else if (dtype === "uint64") joinHalves(viewAs(bytes, "uint32") as Uint32Array, target);
  else target.set(elements as Exclude<TensorData, BigInt64Array | BigUint64Array>);
}

const tables = new Map<FloatFormat, Uint32Array>();

function tableOf(format: FloatFormat): Uint32Array {
  let table = tables.get(format);
  if (!table) {
    table = float32BitsOf(format);
    tables.set(format, table);
  }
  return table;
}

function lookUp(codes: Uint16Array | Uint8Array, table: Uint32Array, bits: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) bits[i] = table[codes[i]!]!;
}

/** A bfloat16 is the upper half of a float32. */
function shiftUp(codes: Uint16Array, bits: Uint32Array): void {
  for (let i = 0; i < codes.length; i++) bits[i] = codes[i]! << 16;
}

/** A power of two is float32's exponent alone; the least is subnormal there, the largest code is no number. */
function raisePowers(codes: Uint8Array, bits: Uint32Array): void {
  for (let i = 0; i < codes.length; i++)
    bits[i] = codes[i] === 0 ? 0x00400000 : codes[i] === 255 ? 0x7fc00000 : codes[i]! << 23;
}

/** 64-bit integers as pairs of low and high words: BigInts are far slower than two multiplications. */
function joinHalves(words: Int32Array | Uint32Array, target: Float32Array): void {
  for (let i = 0; 2 * i < words.length; i++) target[i] = words[2 * i + 1]! * 2 ** 32 + (words[2 * i]! >>> 0);
}
