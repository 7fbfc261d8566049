import { expect, it } from "vitest";
import { hasVnni } from "../src/runtime/int8-sums";

it("knows processors whose int8 kernels do not overflow by their flags", () => {
  const flags = (list: string): string => `processor\t: 0\nflags\t\t: fpu ${list}\nbugs\t\t:\n`;
  expect(hasVnni(flags("avx2 avx512f avx512_vnni"))).toBe(true);
  expect(hasVnni(flags("avx2 avx_vnni"))).toBe(true);
  expect(hasVnni(flags("avx2 avx512f"))).toBe(false);
  expect(hasVnni("nothing of the kind")).toBe(true);
});
