import {
  type AttentionBias,
  BlockDiagonalMask,
  LocalAttentionFromBottomRightMask,
  LowerTriangularFromBottomRightLocalAttentionMask,
  LowerTriangularFromBottomRightMask,
  LowerTriangularMask,
} from "./attention-bias";
import { biasUnfit, biasUnknown } from "./errors";

/** A mask in a config: its name, or `{ name: arguments }`. */
export type BiasOption = string | Readonly<Record<string, unknown>>;

type Arguments = Readonly<Record<string, unknown>>;

/** A mask by the reference's name: what its arguments are, and how it is made of them. */
interface BiasForm {
  readonly takes: readonly string[];
  /** Those of `takes` that may be left out. */
  readonly optional?: readonly string[];
  make(given: Arguments, name: string): AttentionBias;
}

const blockDiagonal = (change: (mask: BlockDiagonalMask) => AttentionBias): BiasForm => ({
  takes: ["q_seqlen", "kv_seqlen"],
  optional: ["kv_seqlen"],
  make: (given, name) => change(sequences(given, name)),
});
const localBlockDiagonal = (change: (mask: BlockDiagonalMask, size: number) => AttentionBias): BiasForm => ({
  takes: ["q_seqlen", "kv_seqlen", "window_size"],
  optional: ["kv_seqlen"],
  make: (given, name) => change(sequences(given, name), count(given, "window_size", 1, name)),
});

const forms: Readonly<Record<string, BiasForm>> = {
  LowerTriangularMask: { takes: [], make: () => new LowerTriangularMask() },
  LowerTriangularFromBottomRightMask: { takes: [], make: () => new LowerTriangularFromBottomRightMask() },
  LowerTriangularFromBottomRightLocalAttentionMask: {
    takes: ["window_size"],
    make: (given, name) => new LowerTriangularFromBottomRightLocalAttentionMask(count(given, "window_size", 1, name)),
  },
  LocalAttentionFromBottomRightMask: {
    takes: ["window_left", "window_right"],
    make: (given, name) =>
      new LocalAttentionFromBottomRightMask({
        window_left: count(given, "window_left", 0, name),
        window_right: count(given, "window_right", 0, name),
      }),
  },
  BlockDiagonalMask: blockDiagonal((mask) => mask),
  BlockDiagonalCausalMask: blockDiagonal((mask) => mask.make_causal()),
  BlockDiagonalCausalFromBottomRightMask: blockDiagonal((mask) => mask.make_causal_from_bottomright()),
  BlockDiagonalCausalLocalAttentionMask: localBlockDiagonal((mask, size) => mask.make_local_attention(size)),
  BlockDiagonalCausalLocalAttentionFromBottomRightMask: localBlockDiagonal((mask, size) =>
    mask.make_local_attention_from_bottomright(size),
  ),
};

/** Names of all masks that a config may name. */
export const biasNames: readonly string[] = Object.keys(forms);

/** @throws SKIPSTEP_PLUGIN_OPTION that says what is wrong with it */
export function parseBias(option: BiasOption): { readonly name: string; readonly mask: AttentionBias } {
  const entries: [string, unknown][] = typeof option === "string" ? [[option, {}]] : Object.entries(option);
  if (entries.length !== 1)
    throw biasUnfit("", `must be one mask, found ${entries.length}`, `Write { "${biasNames[3]}": { ... } }.`);
  const [name, given] = entries[0]!;
  const form = Object.hasOwn(forms, name) ? forms[name]! : undefined;
  if (!form) throw biasUnknown(name, biasNames);
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw biasUnfit(name, `must have its arguments by name, found ${JSON.stringify(given)}`, example(name, form));
  const missing = form.takes.find((key) => !form.optional?.includes(key) && !Object.hasOwn(given, key));
  if (missing !== undefined) throw biasUnfit(name, `needs "${missing}"`, example(name, form));
  const unknown = Object.keys(given).find((key) => !form.takes.includes(key));
  if (unknown !== undefined) throw biasUnfit(name, `has no "${unknown}"`, example(name, form));
  return { name, mask: form.make(given as Arguments, name) };
}

function example(name: string, { takes }: BiasForm): string {
  return takes.length === 0 ? `Write "${name}" alone.` : `It takes: ${takes.join(", ")}.`;
}

function count(given: Arguments, key: string, least: number, name: string): number {
  const value = given[key];
  if (!Number.isInteger(value) || (value as number) < least)
    throw biasUnfit(
      name,
      `needs an integer of at least ${least} as ${key}, found ${JSON.stringify(value)}`,
      "Correct it.",
    );
  return value as number;
}

function sequences(given: Arguments, name: string): BlockDiagonalMask {
  const q = lengths(given, "q_seqlen", name);
  const kv = given.kv_seqlen === undefined ? q : lengths(given, "kv_seqlen", name);
  if (q.length !== kv.length)
    throw biasUnfit(
      name,
      `needs as many kv_seqlen as q_seqlen, found ${kv.length} and ${q.length}`,
      "Give each sequence both.",
    );
  return BlockDiagonalMask.from_seqlens(q, kv);
}

function lengths(given: Arguments, key: string, name: string): readonly number[] {
  const value = given[key];
  const isList = Array.isArray(value) && value.length > 0;
  if (!isList || !value.every((length) => Number.isInteger(length) && length > 0))
    throw biasUnfit(name, `needs a list of positive integers as ${key}, found ${JSON.stringify(value)}`, "Correct it.");
  return value;
}
