import type { FamilyParts } from "../../loop/family";
import { type Floats, floats } from "../../tensor";
import { ClipEncoder, type ClipState } from "../encoders/clip-encoder";
import { type ClipRows, clipRows } from "./clip-rows";
import type { PromptRules } from "./prompt-settings";
import { partStates, type Runs, type States } from "./weigh";

/** What one text encoder makes of prompts. */
export interface ClipEncoding {
  /** `[B, T, hidden_size]`, T the encoder's length times chunks. */
  readonly hidden: Floats;
  /** `[B, P]`, the state at the first chunk's end token: projected (P = projection_dim) by encoders with projection, else P = hidden_size. */
  readonly pooled: Floats;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** Prompts, or negative prompts: a list for each encoder, all of one length. */
export interface ClipTexts {
  readonly texts: readonly (readonly string[])[];
  /** Layers that are left out at the end, as diffusers' `clip_skip`: 0 is what its `None` is. Default 0. */
  readonly clipSkip?: number;
}

/** CLIP text encoders of a pipeline. Prompts are padded to the encoders' full length, without a mask, as diffusers' pipelines do. */
export class ClipPrompts {
  private constructor(
    private readonly encoders: readonly ClipEncoder[],
    /** As in Stable Diffusion 3: the first's length is that of all, and A1111 takes one mean of states side by side. */
    private readonly isJoint: boolean,
  ) {}

  /** @param components `text_encoder`, `text_encoder_2` */
  static async open(
    parts: FamilyParts,
    components: readonly string[],
    state: ClipState,
    { isJoint = false }: { readonly isJoint?: boolean } = {},
  ): Promise<ClipPrompts> {
    return new ClipPrompts(await Promise.all(components.map((name) => ClipEncoder.open(parts, name, state))), isJoint);
  }

  /**
   * Each of the branches through each encoder, with as many chunks everywhere: shorter prompts are filled up with the empty
   * one, as compel does, and A1111 where it is told to.
   *
   * @returns an encoding for each encoder, branch by branch
   */
  async encode(branches: readonly ClipTexts[], rules: PromptRules, signal?: AbortSignal): Promise<ClipEncoding[][]> {
    const limits = this.encoders.map((encoder) => encoder.limit);
    const limit = this.isJoint ? limits[0]! : Math.min(...limits);
    const read: ClipRows[][] = [];
    for (const { texts } of branches)
      read.push(
        await inTurn(this.encoders, (encoder, i) => clipRows(encoder.tokenizer, texts[i]!, rules, limit, signal)),
      );
    const chunks = Math.max(...read.flat().map((rows) => rows.chunks));
    const encodings: ClipEncoding[][] = [];
    for (const [branch, { clipSkip = 0 }] of branches.entries()) {
      const encoded = await inTurn(this.encoders, (encoder, i) =>
        encodeRows(encoder, read[branch]![i]!, clipSkip, chunks, signal),
      );
      if (rules.weighting === "a1111")
        for (const group of this.isJoint ? [encoded] : encoded.map((one) => [one])) restoreMeans(group);
      encodings.push(encoded.map(({ chunked, ...one }) => ({ ...one, hidden: joined(chunked) })));
    }
    return encodings;
  }
}

/** States by prompt and chunk, and as the encoder gave them. */
interface Weighed {
  readonly states: States;
  readonly plain: States;
}

interface ChunkedEncoding extends Omit<ClipEncoding, "hidden"> {
  readonly chunked: { readonly of: Weighed[][]; readonly limit: number };
}

/** One encoder's states of prompts, filled up to so many chunks. */
async function encodeRows(
  encoder: ClipEncoder,
  { prompts, empty, rules, warnings, notes }: ClipRows,
  clipSkip: number,
  chunks: number,
  signal: AbortSignal | undefined,
): Promise<ChunkedEncoding> {
  const runs = await encoder.run(
    (ask) => {
      for (const { parts, pooled } of prompts) {
        for (const { row, masks } of parts.flatMap(({ strands }) => strands.flatMap(rowsOf))) {
          ask(row);
          for (const mask of masks) ask(row, mask);
        }
        ask(pooled);
      }
      if (empty.length > 0) ask(empty);
    },
    clipSkip,
    signal,
  );
  const found: Runs = {
    weighting: rules.weighting,
    of: (row, mask) => runs.hidden(row, mask),
    empty: () => runs.hidden(empty),
  };
  const limit = prompts[0]?.pooled.length ?? 0;
  const of = prompts.map(({ parts }) => {
    const weighed = parts.flatMap((part) => {
      const plain = part.strands[0]!.chunks.map(({ row }) => runs.hidden(row));
      return partStates(part, found).map((states, i): Weighed => ({ states, plain: plain[i] ?? states }));
    });
    while (weighed.length < chunks) weighed.push({ states: found.empty(), plain: found.empty() });
    return weighed;
  });
  const pooled = prompts.map((prompt) => runs.pooled(prompt.pooled));
  const width = pooled[0]?.length ?? 0;
  const flat = floats([prompts.length, width]);
  for (const [i, values] of pooled.entries()) flat.data.set(values, i * width);
  return { chunked: { of, limit }, pooled: flat, warnings, notes };
}

function rowsOf({ chunks, lowered }: ClipRows["prompts"][number]["parts"][number]["strands"][number]) {
  return chunks.map(({ row }, c) => ({
    row,
    masks: lowered.flatMap(({ masks }) => (masks.has(c) ? [masks.get(c)!] : [])),
  }));
}

/** Multiplied states get the mean back that they had, chunk by chunk. @param group encodings whose mean is one */
function restoreMeans(group: readonly ChunkedEncoding[]): void {
  const [{ chunked: first }] = group as [ChunkedEncoding];
  for (const [prompt, list] of first.of.entries())
    for (const chunk of list.keys()) {
      const each = group.map(({ chunked }) => chunked.of[prompt]![chunk]!);
      if (each.every(({ states, plain }) => states === plain)) continue;
      const before = each.reduce((sum, { plain }) => sum + sumOf(plain), 0);
      const after = each.reduce((sum, { states }) => sum + sumOf(states), 0);
      const factor = after === 0 ? 1 : before / after;
      for (const { chunked } of group) {
        const { states, plain } = chunked.of[prompt]![chunk]!;
        chunked.of[prompt]![chunk] = { states: states.map((x) => x * factor), plain };
      }
    }
}

function sumOf(values: States): number {
  return values.reduce((sum, x) => sum + x, 0);
}

function joined({ of, limit }: ChunkedEncoding["chunked"]): Floats {
  const chunks = of[0]?.length ?? 0;
  const width = (of[0]?.[0]?.states.length ?? 0) / Math.max(1, limit);
  const hidden = floats([of.length, chunks * limit, width]);
  for (const [prompt, list] of of.entries())
    for (const [chunk, { states }] of list.entries())
      hidden.data.set(states, (prompt * chunks + chunk) * limit * width);
  return hidden;
}

/** One after the other. */
async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item, i: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [i, item] of items.entries()) results.push(await work(item, i));
  return results;
}
