import type { Layout } from "./layout";

/** Turns codes of some rows into numbers, in place: `code scale + zero`, or the group's value number `code`. */
export function scaleRows(
  values: Float32Array,
  layout: Layout,
  first: number,
  scale: Float32Array,
  zero: Float32Array | undefined,
): void {
  const { groups, members, places, levels, isOne } = layout;
  if (levels !== undefined) lookUp(values, layout, first, scale);
  else if (isOne || places === 1)
    scaleRuns(values, isOne ? values.length : members, isOne ? 0 : first * groups, scale, zero);
  else scalePlaces(values, layout, first, scale, zero);
}

/** One scale for elements that lie side by side. @param group the first */
function scaleRuns(
  values: Float32Array,
  length: number,
  group: number,
  scale: Float32Array,
  zero: Float32Array | undefined,
): void {
  for (let from = 0, at = group; from < values.length; from += length, at++) {
    const [factor, offset] = [scale[at]!, zero ? zero[at]! : 0];
    for (let i = from; i < from + length; i++) values[i] = Math.fround(values[i]! * factor) + offset;
  }
}

/** One scale for each place of a kernel. */
function scalePlaces(
  values: Float32Array,
  { groups, members, places }: Layout,
  first: number,
  scale: Float32Array,
  zero: Float32Array | undefined,
): void {
  const inGroup = members * places;
  for (let i = 0; i < values.length; i++) {
    const at = (first * groups + Math.floor(i / inGroup)) * places + (i % places);
    values[i] = Math.fround(values[i]! * scale[at]!) + (zero ? zero[at]! : 0);
  }
}

function lookUp(
  values: Float32Array,
  { groups, members, places, levels = 1 }: Layout,
  first: number,
  table: Float32Array,
): void {
  const inGroup = members * places;
  for (let i = 0; i < values.length; i++) {
    const group = first * groups + Math.floor(i / inGroup);
    values[i] = table[(group * levels + values[i]!) * places + (i % places)]!;
  }
}
