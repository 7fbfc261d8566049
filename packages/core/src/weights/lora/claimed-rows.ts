import { sizeOf } from "../../tensor";
import type { WeightSource } from "../checkpoint/weight-source";
import { type UpdatePart, valuesIn, type WeightUpdate } from "./add-update";
import { readUpdate } from "./update-kind";

/** An update of some rows of a weight, and the tensor that it is called by. */
export interface Claim {
  readonly update: WeightUpdate;
  readonly name: string;
}

/** What is left of an update when others of its file took their rows. */
export interface Unclaimed {
  readonly parts: readonly UpdatePart[];
  /** The earlier updates that have rows of it. */
  readonly taken: readonly Claim[];
}

/** One update under two names counts once: cuts out the rows that earlier ones have. */
export function unclaimed(parts: readonly UpdatePart[], claims: readonly Claim[]): Unclaimed {
  const taken = claims.filter(({ update }) => update.parts.some((other) => parts.some((part) => overlap(part, other))));
  const others = taken.flatMap(({ update }) => update.parts);
  return { parts: others.reduce((left, other) => left.flatMap((part) => without(part, other)), [...parts]), taken };
}

function overlap(a: UpdatePart, b: UpdatePart): boolean {
  return a.at < b.at + b.count && b.at < a.at + a.count;
}

function without(part: UpdatePart, other: UpdatePart): UpdatePart[] {
  if (!overlap(part, other)) return [part];
  const [end, otherEnd] = [part.at + part.count, other.at + other.count];
  const before = { ...part, count: other.at - part.at };
  const skipped = otherEnd - part.at;
  const after = { at: otherEnd, from: part.from + skipped, count: end - otherEnd };
  return [before, after].filter(({ count }) => count > 0);
}

/** How far two updates may be apart, of the largest value, and be one: what rounding of either to bfloat16 leaves. */
const tolerance = 0.02;

/** Whether two updates are the same where both have a row. */
export function saySame(a: WeightUpdate, b: WeightUpdate, shape: readonly number[], source: WeightSource): boolean {
  if ((a.kind === "set") !== (b.kind === "set") || a.magnitude?.over !== b.magnitude?.over) return false;
  const [one, other] = [rowsOf(a, shape, source), rowsOf(b, shape, source)];
  const all = [...one.values(), ...other.values()].flat();
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return [...one].every(([row, values]) =>
    (other.get(row) ?? values).every((value, i) => Math.abs(value - values[i]!) <= tolerance * largest),
  );
}

/** Of each row of the weight, its product with a vector that nobody would think of, and its magnitude. */
function rowsOf(update: WeightUpdate, [, ...rest]: readonly number[], source: WeightSource): Map<number, number[]> {
  const matrix = readUpdate(update.kind, valuesIn(update, source));
  const products = matrix.times(
    Float32Array.from({ length: sizeOf(rest) }, (_, k) => Math.sin(12.9898 * (k + 1)) + 0.1),
  );
  const { magnitude, factor, kind, parts } = update;
  const lengths = magnitude?.over === "rows" ? source.readFloat32(magnitude.tensor) : undefined;
  return new Map(
    parts.flatMap(({ at, from, count }) =>
      Array.from({ length: count }, (_, i): [number, number[]] => {
        const value = (kind === "set" ? 1 : factor) * products[from + i]!;
        return [at + i, lengths ? [value, lengths[from + i]!] : [value]];
      }),
    ),
  );
}
