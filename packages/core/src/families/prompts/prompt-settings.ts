import type { Configs } from "../../loop/family";
import { choice } from "../../schema/option";
import { setting } from "../../settings/setting";
import type { SettingProblem } from "../../settings/setting-problem";
import { bracketsUnread, weightsRead } from "./prompt-notes";
import { mostChunks, type PromptWeighting, promptWeightings, readPrompt } from "./read-prompt";

const longPrompts = ["truncate", "chunks"] as const;
type LongPrompts = (typeof longPrompts)[number];

/** Of families whose CLIP tells the denoiser a prompt word by word. */
export const promptSettings = {
  prompt_weighting: {
    ...setting<PromptWeighting>(
      choice<PromptWeighting>(
        undefined,
        promptWeightings,
        "Whose rules say what brackets in prompts mean: of AUTOMATIC1111's webui, ComfyUI or compel; none reads them as text.",
      ),
      "none",
    ),
    notes: promptNotes,
  },
  long_prompts: setting<LongPrompts>(
    choice<LongPrompts>(
      undefined,
      longPrompts,
      "What becomes of prompts that are too long for CLIP: cut with a warning, or read in chunks.",
    ),
    "truncate",
  ),
};

type PromptValues = Readonly<Record<string, unknown>>;

/** What they come to; those of families without them are the neutral ones. */
export interface PromptRules {
  readonly weighting: PromptWeighting;
  readonly isChunked: boolean;
}

export function promptRules({ prompt_weighting = "none", long_prompts }: PromptValues): PromptRules {
  return { weighting: prompt_weighting as PromptWeighting, isChunked: long_prompts === "chunks" };
}

/** Texts that CLIP reads, and those of a third encoder, which only loses brackets. */
function textsOf(settings: PromptValues, isThirdToo: boolean): [key: string, texts: readonly string[]][] {
  const keys = ["prompt", "prompt_2", "negative_prompt", "negative_prompt_2"];
  const all = isThirdToo ? [...keys, "prompt_3", "negative_prompt_3"] : keys;
  return all.flatMap((key): [string, readonly string[]][] =>
    settings[key] === undefined ? [] : [[key, settings[key] as readonly string[]]],
  );
}

/** What is wrong with prompts by the rules that they are read by, each text told once. @param encoders names of components */
export function promptProblems(
  configs: Configs,
  settings: PromptValues,
  encoders: readonly string[],
): SettingProblem[] {
  const { weighting, isChunked } = promptRules(settings);
  const most = mostChunks * Math.min(...encoders.map((name) => roomOf(configs, name)));
  const seen = new Set<string>();
  return textsOf(settings, true).flatMap(([key, texts]) =>
    texts.flatMap((text): SettingProblem[] => {
      if (seen.has(text)) return [];
      seen.add(text);
      const { problem } = readPrompt(text, weighting);
      if (problem !== undefined) return [{ key, text: problem }];
      const words = isChunked && !key.endsWith("_3") ? wordCount(text) : 0;
      return words > most ? [{ key, text: tooManyTokens(words, most) }] : [];
    }),
  );
}

/** Follows the name of a prompt. @param count of words, or of tokens, of which there are at least as many */
export function tooManyTokens(count: number, most: number): string {
  return `has ${count} tokens or more, and ${mostChunks} chunks hold ${most}. Shorten it`;
}

/** What was concluded from brackets, each text told once. */
function promptNotes(settings: PromptValues): string[] {
  const { weighting } = promptRules(settings);
  const texts = textsOf(settings, false).flatMap(([, list]) => list);
  const unread = weighting === "none" ? texts.find(bracketsUnread.isMeant) : undefined;
  if (unread !== undefined) return [bracketsUnread.text(unread)];
  return [...new Set(texts.flatMap((text) => weightsRead(text, weighting)))];
}

/** Chunks of the longest prompt, by its words; for estimates. @param encoder name of a component */
export function chunksAbout(configs: Configs, settings: PromptValues, encoder: string): number {
  const { weighting, isChunked } = promptRules(settings);
  const room = roomOf(configs, encoder);
  const counts = textsOf(settings, false).flatMap(([, texts]) =>
    texts.map((text) => {
      const lengths = readPrompt(text, weighting).parts.map(({ strands }) =>
        Math.max(...strands.map(({ fragments }) => fragments.reduce((sum, one) => sum + tokensAbout(one.text), 0))),
      );
      return lengths.reduce((sum, length) => sum + (isChunked ? Math.max(1, Math.ceil(length / room)) : 1), 0);
    }),
  );
  return Math.min(mostChunks, Math.max(1, ...counts));
}

/** Tokens of a prompt in one run of an encoder. */
function roomOf(configs: Configs, encoder: string): number {
  return (configs[encoder] as { readonly max_position_embeddings: number }).max_position_embeddings - 2;
}

/** Each is a token or more. */
function wordCount(text: string): number {
  let words = 0;
  for (const _ of text.matchAll(/\S+/g)) words++;
  return words;
}

/** CLIP's words of up to six letters are mostly one token. */
function tokensAbout(text: string): number {
  let tokens = 0;
  for (const [word] of text.matchAll(/\p{L}+|[^\s\p{L}]/gu)) tokens += Math.ceil(word.length / 6);
  return tokens;
}
