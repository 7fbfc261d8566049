import type { Layout } from "./layout";

/** Turns codes of some rows into numbers, in place: `code scale + zero`, or the group's value number `code`. */
export function scaleRows(
  values: Float32Array,
  { groups, members, places, levels, isOne }: Layout,
  first: number,
  scale: Float32Array,
  zero: Float32Array | undefined,
): void {
  const inGroup = members * places;
  for (let from = 0, group = first * groups; from < values.length; from += inGroup, group++)
    for (let i = 0; i < inGroup; i++) {
      const place = i % places;
      if (levels !== undefined) {
        values[from + i] = scale[(group * levels + values[from + i]!) * places + place]!;
        continue;
      }
      const at = isOne ? 0 : group * places + place;
      const product = Math.fround(values[from + i]! * scale[at]!);
      values[from + i] = zero ? product + zero[at]! : product;
    }
}
