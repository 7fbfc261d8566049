import { describe, expect, it } from "vitest";
import { type DType, itemSize } from "../src/tensor";
import { dtypeOf, safetensorsName, safetensorsNames, viewAs } from "../src/weights/checkpoint/dtypes";
import { toFloat32 } from "../src/weights/checkpoint/to-float32";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function floatsOf(dtype: DType, codes: readonly number[]): number[] {
  const array = itemSize[dtype] === 2 ? Uint16Array.from(codes) : Uint8Array.from(codes);
  return [...toFloat32(bytesOf(array), dtype)];
}

/** A float's value by the definition: sign, exponent, fraction. */
function definition(code: number, exponentBits: number, fractionBits: number): number {
  const sign = code >> (exponentBits + fractionBits) ? -1 : 1;
  const exponent = (code >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (code & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

describe("dtypes", () => {
  it("knows every element type of the format, both ways", () => {
    expect(safetensorsNames).toHaveLength(Object.keys(itemSize).length);
    for (const dtype of Object.keys(itemSize) as DType[]) expect(dtypeOf(safetensorsName(dtype))).toBe(dtype);
    expect(dtypeOf("BF16")).toBe("bfloat16");
    expect(dtypeOf("F8_E4M3")).toBe("float8_e4m3fn");
    expect(dtypeOf("C64")).toBeUndefined();
  });

  it("views bytes in place, and copies them when they are not aligned", () => {
    const bytes = bytesOf(Float32Array.of(1.5, -2));
    const view = viewAs(bytes, "float32");
    expect(view).toEqual(Float32Array.of(1.5, -2));
    expect(view.buffer).toBe(bytes.buffer);

    const shifted = new Uint8Array(9);
    shifted.set(bytes, 1);
    expect(viewAs(shifted.subarray(1), "float32")).toEqual(Float32Array.of(1.5, -2));
  });
});

describe("float16", () => {
  it("has the values that its codes are known for", () => {
    expect(
      floatsOf("float16", [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x8000, 0x7c00, 0xfc00, 0x7e00]),
    ).toEqual([1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, -0, infinity, -infinity, nan]);
  });

  it("is exact for all 63488 finite codes, and NaN for the rest", () => {
    const codes = Array.from({ length: 65536 }, (_, code) => code);
    const isNumber = (code: number) => ((code >> 10) & 31) !== 31;
    const floats = floatsOf("float16", codes);
    expect(codes.filter((code) => isNumber(code) && !Object.is(floats[code], definition(code, 5, 10)))).toEqual([]);
    expect(codes.filter((code) => Number.isNaN(floats[code]))).toHaveLength(2 * 1023);
  });
});

describe("bfloat16", () => {
  it("is the upper half of a float32", () => {
    expect(floatsOf("bfloat16", [0x3f80, 0xc040, 0x7f7f, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0])).toEqual([
      1,
      -3,
      255 * 2 ** 120,
      2 ** -133,
      -0,
      infinity,
      -infinity,
      nan,
    ]);
  });
});

describe("float8", () => {
  it("e4m3fn has no infinity, and NaN only where all bits are ones", () => {
    expect(floatsOf("float8_e4m3fn", [0x38, 0x7e, 0xfe, 0x01, 0x07, 0x08, 0x80, 0x7f, 0xff, 0x78])).toEqual([
      1,
      448,
      -448,
      2 ** -9,
      7 * 2 ** -9,
      2 ** -6,
      -0,
      nan,
      nan,
      256,
    ]);
  });

  it("e5m2 has infinities and NaN as IEEE 754 does", () => {
    expect(floatsOf("float8_e5m2", [0x3c, 0x7b, 0x01, 0x03, 0x04, 0x80, 0x7c, 0xfc, 0x7d, 0x7e, 0xff])).toEqual([
      1,
      57344,
      2 ** -16,
      3 * 2 ** -16,
      2 ** -14,
      -0,
      infinity,
      -infinity,
      nan,
      nan,
      nan,
    ]);
  });

  it("is exact for every finite code of both", () => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const wrong = (dtype: DType, exponentBits: number, fractionBits: number, isNumber: (code: number) => boolean) => {
      const floats = floatsOf(dtype, codes);
      return codes.filter(
        (code) => isNumber(code) && !Object.is(floats[code], definition(code, exponentBits, fractionBits)),
      );
    };
    expect(wrong("float8_e4m3fn", 4, 3, (code) => (code & 0x7f) !== 0x7f)).toEqual([]);
    expect(wrong("float8_e5m2", 5, 2, (code) => (code & 0x7c) !== 0x7c)).toEqual([]);
  });
});

describe("other types", () => {
  it.each<[DType, ArrayBufferView, number[]]>([
    ["float64", Float64Array.of(0.1, -1e300, nan, 5e-324), [Math.fround(0.1), -infinity, nan, 0]],
    ["float32", Float32Array.of(0.1, -0, infinity, nan), [Math.fround(0.1), -0, infinity, nan]],
    [
      "int64",
      BigInt64Array.of(1n, -1n, -(2n ** 40n), 2n ** 63n - 1n, 2n ** 31n),
      [1, -1, -(2 ** 40), 2 ** 63, 2 ** 31],
    ],
    ["uint64", BigUint64Array.of(1n, 2n ** 32n + 2n ** 20n, 2n ** 64n - 1n), [1, 2 ** 32 + 2 ** 20, 2 ** 64]],
    ["int32", Int32Array.of(-5, 2 ** 24 + 1), [-5, 2 ** 24]],
    ["uint32", Uint32Array.of(7, 2 ** 32 - 1), [7, 2 ** 32]],
    ["int16", Int16Array.of(-32768, 3), [-32768, 3]],
    ["uint16", Uint16Array.of(65535, 3), [65535, 3]],
    ["int8", Int8Array.of(-128, 127), [-128, 127]],
    ["uint8", Uint8Array.of(255, 1), [255, 1]],
    ["bool", Uint8Array.of(0, 1), [0, 1]],
  ])("%s becomes float32", (dtype, array, expected) => {
    expect([...toFloat32(bytesOf(array), dtype)]).toEqual(expected);
  });

  it("keeps the payload of a NaN", () => {
    const bits = (dtype: DType, bytes: Uint8Array) => new Uint32Array(toFloat32(bytes, dtype).buffer)[0];
    expect(bits("float16", bytesOf(Uint16Array.of(0xfe01)))).toBe(0xffc02000);
    expect(bits("bfloat16", bytesOf(Uint16Array.of(0x7f81)))).toBe(0x7f810000);
  });
});
