import type { Encode } from "../../program/encodings";
import { type Floats, integers } from "../../tensor";
import { rotaryTables } from "./rotary-tables";

/** A language model whose tokens see those before them, opened. */
export interface CausalModel {
  readonly run: Encode;
  readonly config: Parameters<typeof rotaryTables>[0];
}

/** Ids of one text and which of them are real, both of one length. */
export interface TokenRow {
  readonly ids: readonly number[];
  /** All are real when left out. */
  readonly mask?: readonly number[];
}

/**
 * One text through a causal language model.
 * @param names of the outputs that are read
 * @returns them, `[1, tokens, ...]` each
 */
export function causalPass(
  { run, config }: CausalModel,
  { ids, mask }: TokenRow,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Floats[]> {
  const shape = [1, ids.length];
  const real = mask ? Int32Array.from(mask) : new Int32Array(ids.length).fill(1);
  const { cos, sin } = rotaryTables(config, 1, ids.length);
  const attention_mask = { dtype: "int32", shape, data: real } as const;
  return run({ input_ids: integers(shape, ids), attention_mask, cos, sin }, names, signal);
}

/** The states of a text whose tokens are all real. @returns `[tokens, hidden_size]` of the output `hidden` */
export async function causalStates(
  model: CausalModel & { readonly config: { readonly hidden_size: number } },
  ids: readonly number[],
  signal?: AbortSignal,
): Promise<Floats> {
  const [hidden] = await causalPass(model, { ids }, ["hidden"], signal);
  return { ...hidden!, shape: [ids.length, model.config.hidden_size] };
}
