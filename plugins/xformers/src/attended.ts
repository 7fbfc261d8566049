import type { Dim, Value } from "@skipstep/core/plugin";
import type { Band } from "./attention-bias";

/** One attention, all options resolved. B batch, T queries, S keys, H heads of size D, values of size E. */
export interface Attended {
  /** `[B, T, H*D]`. */
  readonly query: Value;
  /** `[B, S, H*D]`. */
  readonly key: Value;
  /** `[B, S, H*E]`. */
  readonly value: Value;
  readonly heads: number;
  readonly scale: number;
  readonly band?: Band | undefined;
  /** Added to the scores: `[B or 1, H or 1, T, S]`. */
  readonly bias?: Value | undefined;
  /** int32 `[B, S]`, 1 where a key may be seen. */
  readonly keyMask?: Value | undefined;
}

export function queriesOf({ query }: Attended): Dim {
  return query.shape[1]!;
}

export function keysOf({ key }: Attended): Dim {
  return key.shape[1]!;
}
