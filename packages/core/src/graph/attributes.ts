import type { Node, Value } from "./value";

/** Attributes of nodes by name; `undefined` for those that it has not, or of another kind. */

/** A node's attribute of one integer; `undefined` where it has none of that name and kind. */
export function intOf({ attributes }: Node, name: string): number | undefined {
  const value = attributes[name];
  return value && "int" in value ? value.int : undefined;
}

/** A node's attribute of one number; `undefined` where it has none of that name and kind. */
export function floatOf({ attributes }: Node, name: string): number | undefined {
  const value = attributes[name];
  return value && "float" in value ? value.float : undefined;
}

/** A node's attribute of a list of integers; `undefined` where it has none of that name and kind. */
export function intsOf({ attributes }: Node, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return value && "ints" in value ? value.ints : undefined;
}

/** All of them, for names of things that are equal where these are: ` (axis 1, mode nearest)`. */
export function attributesText({ attributes }: Node): string {
  const all = Object.entries(attributes).map(([name, value]) => `${name} ${Object.values(value)}`);
  return all.length === 0 ? "" : ` (${all.sort().join(", ")})`;
}

/** A constant of whole numbers, as axes and shapes are. */
export function wholeNumbers(value: Value | undefined): number[] | undefined {
  if (value?.origin.kind !== "initializer" || value.dtype !== "int64") return undefined;
  const { buffer, byteOffset, byteLength } = value.origin.payload.bytes();
  return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
}
