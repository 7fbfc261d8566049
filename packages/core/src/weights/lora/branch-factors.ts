import { loraBeside } from "../../errors/lora";
import { type Floats, floats, sizeOf } from "../../tensor";
import type { WeightSource } from "../checkpoint/weight-source";
import { valuesIn, type WeightUpdate } from "./add-update";
import type { Factors } from "./factors";
import { factorsRank, readFactors } from "./update-kind";

/** What runs beside a weight: linear `[K, rank]` and `[rank, N]`, conv `[rank, C, kh, kw]` and `[N, rank, 1, 1]`. */
export interface BranchFactors {
  readonly down: Floats;
  readonly up: Floats;
}

/** A weight as the branch beside it knows it. */
export interface BesideWeight {
  readonly name: string;
  readonly role: string;
  readonly shape: readonly number[];
}

/**
 * The rank of updates beside one weight, all together.
 * @throws SKIPSTEP_LORA_BESIDE for those that are no product of their own
 */
export function branchRank(updates: readonly WeightUpdate[], sourceOf: (file: string) => WeightSource): number {
  const ranks = updates.map(({ file, kind, tensors, magnitude }) => {
    if (magnitude) throw loraBeside(file, magnitude.tensor, "a DoRA's: lengths of the weight that was changed");
    const rank = factorsRank(kind, valuesIn({ file, tensors }, sourceOf(file)));
    if (rank !== undefined) return rank;
    throw loraBeside(file, Object.values(tensors)[0]!, "a whole tensor, and no product of two matrices");
  });
  return ranks.reduce((sum, rank) => sum + rank, 0);
}

/**
 * Reads updates of a weight as the two factors of one product, scales included.
 * @param rank as `branchRank` gave it
 * @throws SKIPSTEP_LORA_INVALID for values that are no numbers
 */
export function branchFactors(
  { role, shape }: BesideWeight,
  updates: readonly WeightUpdate[],
  rank: number,
  sourceOf: (file: string) => WeightSource,
): BranchFactors {
  const [rows = 1, ...rest] = shape;
  const columns = sizeOf(rest);
  const isLinear = role === "linear";
  const down = floats(isLinear ? [columns, rank] : [rank, ...rest]);
  const up = floats(isLinear ? [rank, rows] : [rows, rank, 1, 1]);
  let at = 0;
  for (const update of updates) {
    const { left, right } = readFactors(update.kind, valuesIn(update, sourceOf(update.file)))!;
    putDown(down.data, right.values, { at, rank, columns, isLinear });
    putUp(up.data, left, update, { at, rank, rows, isLinear });
    at += right.rows;
  }
  return { down, up };
}

/** Beside a weight that nothing changes: a product that gives zeros. */
export function noFactors({ role, shape }: BesideWeight): BranchFactors {
  const [rows = 1, ...rest] = shape;
  const isLinear = role === "linear";
  return {
    down: floats(isLinear ? [sizeOf(rest), 1] : [1, ...rest]),
    up: floats(isLinear ? [1, rows] : [rows, 1, 1, 1]),
  };
}

interface Layout {
  /** The first of the rank that is an update's own, of the rank in all. */
  readonly at: number;
  readonly rank: number;
  readonly isLinear: boolean;
}

function putDown(
  down: Float32Array,
  values: Float32Array,
  { at, rank, columns, isLinear }: Layout & { readonly columns: number },
): void {
  if (!isLinear) {
    down.set(values, at * columns);
    return;
  }
  for (let r = 0; r * columns < values.length; r++)
    for (let k = 0; k < columns; k++) down[k * rank + at + r] = values[r * columns + k]!;
}

function putUp(
  up: Float32Array,
  { columns: own, values }: Factors["left"],
  { factor, parts }: WeightUpdate,
  { at, rank, rows, isLinear }: Layout & { readonly rows: number },
): void {
  for (const part of parts)
    for (let i = 0; i < part.count; i++)
      for (let r = 0; r < own; r++) {
        const place = isLinear ? (at + r) * rows + part.at + i : (part.at + i) * rank + at + r;
        up[place] = factor * values[(part.from + i) * own + r]!;
      }
}
