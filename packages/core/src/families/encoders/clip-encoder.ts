import type { Configs, FamilyParts, SettingProblem } from "../../loop/family";
import type { Encode } from "../../program/encodings";
import { type Floats, integers } from "../../tensor";
import type { OpenTokenizer } from "../../text/open-tokenizer";
import type { ClipTextConfig } from "./clip-text";

/**
 * The hidden state that a pipeline takes when it skips no layer: Stable Diffusion 1 and 2 the `last`, after the final
 * norm; Stable Diffusion XL and 3 the `penultimate`, before it.
 */
export type ClipState = "last" | "penultimate";

/** Rows of ids, and of each which of them may be seen, where not all are: 1, else 0. */
type Ask = (row: readonly number[], mask?: readonly number[]) => void;

/** What came of rows of ids. */
interface ClipRuns {
  /** `[T, hidden_size]` */
  hidden(row: readonly number[], mask?: readonly number[]): Float32Array;
  /** `[P]`, the state at the end token. */
  pooled(row: readonly number[]): Float32Array;
}

/** Rows that run at once. */
const mostRows = 64;

/** A CLIP text encoder. */
export class ClipEncoder {
  /** Most tokens of a row, the special ones included: 77. */
  readonly limit: number;

  private constructor(
    private readonly plain: Encode,
    private readonly masked: Encode,
    config: ClipTextConfig,
    readonly tokenizer: OpenTokenizer,
    private readonly state: ClipState,
  ) {
    this.limit = Math.min(tokenizer.modelMaxLength, config.max_position_embeddings);
  }

  /** Takes an encoder of the pipeline's. @param component `text_encoder`, `text_encoder_2`; its tokenizer is `tokenizer`, `tokenizer_2` */
  static async open(
    { encoder, configs, tokenizer: tokenizerOf }: FamilyParts,
    component: string,
    state: ClipState,
  ): Promise<ClipEncoder> {
    const tokenizer = await tokenizerOf(component);
    return new ClipEncoder(
      encoder(component),
      encoder(component, "encodeMasked"),
      configs[component] as ClipTextConfig,
      tokenizer,
      state,
    );
  }

  /** Runs each of the rows that are asked for once, all of one length. @param clipSkip layers that are left out at the end */
  async run(asked: (ask: Ask) => void, clipSkip: number, signal: AbortSignal | undefined): Promise<ClipRuns> {
    const plain = new Map<string, readonly number[]>();
    const hidden = new Map<string, readonly (readonly number[])[]>();
    asked((row, mask) => void (mask ? hidden.set(keyOf(row, mask), [row, mask]) : plain.set(keyOf(row), row)));
    const found = new Map<string, RowStates>();
    const run = async (
      encode: Encode,
      keys: readonly string[],
      inputs: readonly (readonly (readonly number[])[])[],
    ) => {
      for (let from = 0; from < keys.length; from += mostRows) {
        const states = await this.runRows(encode, inputs.slice(from, from + mostRows), clipSkip, signal);
        for (const [i, one] of states.entries()) found.set(keys[from + i]!, one);
      }
    };
    await run(
      this.plain,
      [...plain.keys()],
      [...plain.values()].map((row) => [row]),
    );
    if (hidden.size > 0) await run(this.masked, [...hidden.keys()], [...hidden.values()]);
    return {
      hidden: (row, mask) => found.get(keyOf(row, mask))!.hidden,
      pooled: (row) => found.get(keyOf(row))!.pooled,
    };
  }

  /** @param rows ids, and where there is one a mask */
  private async runRows(
    encode: Encode,
    rows: readonly (readonly (readonly number[])[])[],
    clipSkip: number,
    signal: AbortSignal | undefined,
  ): Promise<RowStates[]> {
    const shape = [rows.length, rows[0]![0]!.length];
    const numbers = (values: readonly number[]) => ({ dtype: "int32", shape, data: Int32Array.from(values) }) as const;
    const masks = rows.flatMap(([, mask = []]) => mask);
    const { state } = this;
    const inputs = {
      input_ids: numbers(rows.flatMap(([ids]) => ids!)),
      layer: integers([], [-clipSkip - (state === "last" ? 1 : 2)]),
      ...(masks.length > 0 ? { attention_mask: numbers(masks) } : {}),
    };
    const outputs = [state === "last" ? "normalized" : "hidden", "pooled"];
    const [states, ends] = (await encode(inputs, outputs, signal)) as [Floats, Floats];
    return rows.map((_, i) => ({ hidden: rowOf(states, i), pooled: rowOf(ends, i) }));
  }
}

interface RowStates {
  readonly hidden: Float32Array;
  readonly pooled: Float32Array;
}

function rowOf({ shape, data }: Floats, i: number): Float32Array {
  const length = data.length / shape[0]!;
  return data.subarray(i * length, (i + 1) * length);
}

function keyOf(row: readonly number[], mask: readonly number[] = []): string {
  return `${row} ${mask}`;
}

/** What is wrong with `clip_skip`; told once, since it is the same setting for all. @param names of components */
export function clipSkipProblems(
  configs: Configs,
  clipSkip: number,
  names: readonly string[],
  state: ClipState,
): SettingProblem[] {
  const problems = names.flatMap((name): SettingProblem[] => {
    const { num_hidden_layers: layers } = configs[name] as ClipTextConfig;
    const most = state === "last" ? layers : layers - 1;
    if (Number.isInteger(clipSkip) && clipSkip >= 0 && clipSkip <= most) return [];
    const text = `must be a whole number from 0 to ${most} for this text encoder, found ${clipSkip}`;
    return [{ key: "clip_skip", text }];
  });
  return problems.slice(0, 1);
}
