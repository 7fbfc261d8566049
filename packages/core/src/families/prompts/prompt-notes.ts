import { type PromptWeighting, readPrompt } from "./read-prompt";

/** Lines of a report and of `inspect` about brackets in prompts. */

/** Pieces that a line names. */
const mostShown = 8;

/** Brackets that say a weight by anybody's rules, while nobody's are followed. */
export const bracketsUnread = {
  isMeant: (text: string): boolean => /\([^()]*:\s*\d*\.?\d+\s*\)|\(\([^()]+\)\)|\)(?:\++|--|\d*\.\d)/.test(text),
  text: (prompt: string): string =>
    `The prompt ${quoted(prompt)} has brackets that look like weights, and they are read as text: "prompt_weighting" says whose rules they follow (a1111, comfyui, compel).`,
};

/** What the rules made of a prompt; nothing of one without brackets. */
export function weightsRead(prompt: string, weighting: PromptWeighting): string[] {
  const { parts, problem } = readPrompt(prompt, weighting);
  if (problem !== undefined) return [];
  const strands = parts.flatMap((part) => part.strands);
  const fragments = strands
    .flatMap((strand) => strand.fragments)
    .filter(({ text, weight }) => weight !== 1 && text.trim() !== "");
  const shown = fragments.slice(0, mostShown).map(({ text, weight }) => `${quoted(text.trim())} ${rounded(weight)}`);
  const told = [
    ...(parts.length > 1
      ? [`${parts.length} parts, weighted ${parts.map(({ weight }) => rounded(weight)).join(", ")}`]
      : []),
    ...parts.flatMap(({ strands: mixed }) =>
      mixed.length > 1 ? [`${mixed.length} texts mixed ${mixed.map(({ share }) => rounded(share)).join(", ")}`] : [],
    ),
    ...shown,
    ...(fragments.length > mostShown ? [`${fragments.length - mostShown} more`] : []),
  ];
  return told.length === 0 ? [] : [`The prompt ${quoted(prompt)} by ${weighting}'s rules: ${told.join("; ")}.`];
}

export function chunksRead(prompt: string, tokens: number, chunks: number, room: number): string {
  return `The prompt ${quoted(prompt)} has ${tokens} tokens, in ${chunks} chunks of up to ${room}.`;
}

function quoted(text: string): string {
  const start = [...text.slice(0, 80)].slice(0, 40).join("");
  return `"${start}${start.length < text.length ? "…" : ""}"`;
}

function rounded(weight: number): number {
  return Number(weight.toPrecision(4));
}
