import type { Chunk, PartRows, StrandRows } from "./clip-rows";
import type { PromptWeighting } from "./read-prompt";

/** States of one run of a text encoder: `[T, D]`. */
export type States = Float32Array;

/** Where states of runs are found. */
export interface Runs {
  readonly weighting: PromptWeighting;
  /** Of a row, or of one with some ids hidden. */
  of(row: Chunk["row"], mask?: readonly number[]): States;
  /** Of the empty prompt. */
  empty(): States;
}

/** States of a part's chunks. */
export function partStates({ strands, isNormalized, weight }: PartRows, runs: Runs): States[] {
  const mixed = strands.map((strand) => strandStates(strand, runs));
  const count = Math.max(...mixed.map(({ length }) => length));
  const sum = isNormalized ? strands.reduce((all, { share }) => all + share, 0) : 1;
  return Array.from({ length: count }, (_, i) => {
    const each = mixed.map((states) => states[i] ?? runs.empty());
    const whole =
      each.length === 1 && sum === strands[0]!.share
        ? each[0]!
        : summed(
            each,
            strands.map(({ share }) => share / sum),
          );
    return weight === 1 ? whole : away(whole, runs.empty(), () => weight);
  });
}

function strandStates({ chunks, lowered }: StrandRows, runs: Runs): States[] {
  const all = 1 + lowered.reduce((sum, { share }) => sum + share, 0);
  return chunks.map((chunk, c) => {
    const touched = lowered.filter(({ masks }) => masks.has(c));
    const base = weighed(runs.of(chunk.row), chunk, runs);
    if (touched.length === 0) return base;
    const without = touched.map(({ masks }) => weighed(runs.of(chunk.row, masks.get(c)), chunk, runs));
    const shares = touched.map(({ share }) => share);
    const own = all - shares.reduce((sum, share) => sum + share, 0);
    return summed(
      [base, ...without],
      [own, ...shares].map((share) => share / all),
    );
  });
}

/** A1111 multiplies states, the others move them away from those of the empty prompt, or towards them. */
function weighed(states: States, { weights }: Chunk, runs: Runs): States {
  if (!weights) return states;
  const width = states.length / weights.length;
  const weightAt = (i: number): number => weights[Math.floor(i / width)]!;
  if (runs.weighting === "a1111") return states.map((x, i) => x * weightAt(i));
  return away(states, runs.empty(), weightAt);
}

/** What has weight 1 stays as it is, without a rounding error. */
function away(states: States, empty: States, weightAt: (i: number) => number): States {
  return states.map((x, i) => {
    const weight = weightAt(i);
    return weight === 1 ? x : empty[i]! + (x - empty[i]!) * weight;
  });
}

function summed(each: readonly States[], shares: readonly number[]): States {
  return each[0]!.map((_, i) => each.reduce((sum, states, k) => sum + states[i]! * shares[k]!, 0));
}
