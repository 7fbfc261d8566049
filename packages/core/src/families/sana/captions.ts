import type { DenoiserInputs } from "../../loop/denoiser";
import { type Floats, floats } from "../../tensor";
import type { Gemma2Encoder } from "../encoders/gemma2-encoder";
import { paddedStates } from "../encoders/padded-states";
import { plainCaption } from "../transformers/plain-caption";

/** Prompts as the denoiser takes them: `[tokens, hidden_size]` each, without padding. */
export interface Captions {
  readonly hidden: readonly Floats[];
  readonly warnings: readonly string[];
}

export interface CaptionOptions {
  /** Tokens that the denoiser is told of: diffusers' `max_sequence_length`. */
  readonly limit: number;
  /** Lines in front of each prompt; none where it is null or empty. */
  readonly instruction: readonly string[] | null;
}

/**
 * Prompts through Gemma 2. Of those behind an instruction the first token is kept and as many of the last as fill the
 * limit: all of the prompt, and of the instruction what the reference keeps.
 */
export async function encodeCaptions(
  encoder: Gemma2Encoder,
  prompts: readonly string[],
  { limit, instruction }: CaptionOptions,
  signal?: AbortSignal,
): Promise<Captions> {
  const captions = prompts.map(plainCaption);
  if (!instruction || instruction.length === 0) return encoder.encode(captions, { limit, told: prompts }, signal);
  const before = instruction.join("\n");
  const told = await encoder.count(before, signal);
  const most = Math.max(1, told + limit - 2);
  const texts = captions.map((caption) => before + caption);
  const { hidden, warnings } = await encoder.encode(texts, { limit: most, told: prompts }, signal);
  return { hidden: hidden.map((rows) => withoutInstruction(rows, most - (limit - 1))), warnings };
}

/** The first row and those from `start` on. */
function withoutInstruction({ shape, data }: Floats, start: number): Floats {
  const [tokens, width] = shape as [number, number];
  if (start <= 1) return floats(shape, data);
  const rest = data.subarray(Math.min(start, tokens) * width);
  const result = floats([Math.min(tokens, 1) + rest.length / width, width]);
  result.data.set(data.subarray(0, Math.min(tokens, 1) * width));
  result.data.set(rest, width);
  return result;
}

/** What a pass is told of its prompts, filled up to the longest. @param times images a prompt */
export function captionInputs(captions: readonly Captions[], times: number): DenoiserInputs {
  const chosen = captions.flatMap(({ hidden }) => hidden.flatMap((rows) => new Array<Floats>(times).fill(rows)));
  const { states, mask } = paddedStates(chosen);
  return { encoder_hidden_states: states, encoder_attention_mask: mask };
}
