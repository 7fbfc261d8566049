import { type Floats, floats, type Tensor } from "../../tensor";

/** Texts of different length as one batch. */
export interface PaddedStates {
  /** `[B, S, D]`, zeros behind the end. */
  readonly states: Floats;
  /** int32 `[B, S]`, 1 where a token is real. */
  readonly mask: Tensor;
}

/** Fills texts up to the longest. @param texts `[tokens, D]` each */
export function paddedStates(texts: readonly Floats[]): PaddedStates {
  const width = texts[0]!.shape[1]!;
  const longest = Math.max(1, ...texts.map(({ shape }) => shape[0]!));
  const states = floats([texts.length, longest, width]);
  const mask = new Int32Array(texts.length * longest);
  for (const [i, { shape, data }] of texts.entries()) {
    states.data.set(data, i * longest * width);
    mask.fill(1, i * longest, i * longest + shape[0]!);
  }
  return { states, mask: { dtype: "int32", shape: [texts.length, longest], data: mask } };
}
