import type { Runs } from "../../program/program";
import type { Runtime } from "../../runtime/runtime";
import { type Floats, integers } from "../../tensor";
import { rotaryTables } from "./rotary-tables";

/** A language model whose tokens see those before them, opened. */
export interface CausalModel {
  readonly runtime: Runtime;
  readonly program: Runs;
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
  { runtime, program, config }: CausalModel,
  { ids, mask }: TokenRow,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<Floats[]> {
  const shape = [1, ids.length];
  const real = mask ? Int32Array.from(mask) : new Int32Array(ids.length).fill(1);
  return runtime.pass(async () => {
    const { cos, sin } = rotaryTables(config, 1, ids.length);
    const outputs = await program.run(
      {
        input_ids: runtime.upload(integers(shape, ids)),
        attention_mask: runtime.upload({ dtype: "int32", shape, data: real }),
        cos: runtime.upload(cos),
        sin: runtime.upload(sin),
      },
      { signal },
    );
    return Promise.all(names.map(async (name) => (await outputs[name]!.read()) as Floats));
  });
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
