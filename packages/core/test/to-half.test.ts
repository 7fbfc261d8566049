import { describe, expect, it } from "vitest";
import { toFloat32 } from "../src/weights/checkpoint/to-float32";
import { toHalf } from "../src/weights/checkpoint/to-half";

const all = Uint16Array.from({ length: 2 ** 16 }, (_, code) => code);
const bytes = new Uint8Array(all.buffer);

describe.each(["float16", "bfloat16"] as const)("rounding to %s", (dtype) => {
  const values = toFloat32(bytes, dtype);

  it("gives every code back that it has, and quiet NaNs", () => {
    const { codes, overflows } = toHalf(values, dtype);
    expect(overflows).toBe(0);
    const wrong = [...all].filter((code) =>
      Number.isNaN(values[code])
        ? !Number.isNaN(toFloat32(new Uint8Array(codes.slice(code, code + 1).buffer), dtype)[0])
        : codes[code] !== code,
    );
    expect(wrong).toEqual([]);
  });

  it("takes the nearer of two neighbours, and the even one half way between", () => {
    const finite = [...all.subarray(0, 2 ** 15)].filter(
      (code) => code + 1 < 2 ** 15 && Number.isFinite(values[code + 1]),
    );
    for (const sign of [1, -1]) {
      const between = (code: number, share: number): number =>
        sign * (values[code]! + share * (values[code + 1]! - values[code]!));
      const rounded = (share: number): Uint16Array =>
        toHalf(
          Float32Array.from(finite, (code) => between(code, share)),
          dtype,
        ).codes.map((code) => code & 0x7fff);
      // A quarter of bfloat16's least distance is no float32: from the least normal on they are.
      const normal = (code: number): boolean => dtype === "float16" || code >= 0x80;
      const [below, half, above] = [rounded(0.25), rounded(0.5), rounded(0.75)];
      const wrong = finite.filter(
        (code, i) => normal(code) && (below[i] !== code || half[i] !== code + (code & 1) || above[i] !== code + 1),
      );
      expect(wrong).toEqual([]);
    }
  });

  it("counts what is beyond its range, and not what is infinite already", () => {
    const [last, step] = dtype === "float16" ? [65504, 32] : [2 ** 127 * (2 - 2 ** -7), 2 ** 120];
    const { codes, overflows } = toHalf(
      Float32Array.of(last, last + step / 2 - step / 64, last + step / 2, -last - step / 2, Infinity),
      dtype,
    );
    const largest = dtype === "float16" ? 0x7bff : 0x7f7f;
    expect([...codes]).toEqual([largest, largest, largest + 1, (largest + 1) | 0x8000, largest + 1]);
    expect(overflows).toBe(2);
  });
});
