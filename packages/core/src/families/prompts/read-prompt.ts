import { readA1111 } from "./a1111";
import { readComfyUi } from "./comfyui";
import { readCompel } from "./compel";

/** Whose rules say what brackets in a prompt mean. */
export const promptWeightings = ["none", "a1111", "comfyui", "compel"] as const;
export type PromptWeighting = (typeof promptWeightings)[number];

/** A piece of a prompt, all of one weight. */
export interface Fragment {
  readonly text: string;
  readonly weight: number;
}

/** A text that is encoded by itself. */
export interface Strand {
  readonly fragments: readonly Fragment[];
  /** How much of it is in what several come to together. */
  readonly share: number;
}

/** Strands that are mixed; one alone, where nothing is. */
export interface PromptPart {
  readonly strands: readonly Strand[];
  /** Whether shares are divided by their sum. */
  readonly isNormalized: boolean;
  /** How far it is from the empty prompt: 1 is where it lies, 0 is the empty prompt. */
  readonly weight: number;
}

/** A prompt as one set of rules reads it. What its parts come to stands one behind the other. */
export interface ReadPrompt {
  readonly parts: readonly PromptPart[];
  /** What cannot be followed, in words that follow the setting's name. */
  readonly problem?: string | undefined;
}

/** Of a weight, brackets and all multiplied: beyond that it is a mistake. */
const largestWeight = 1000;
/** Of parts that begin chunks of their own: as many as there may be chunks. */
export const mostChunks = 32;
/** Characters of a prompt whose brackets are read: many times what chunks have room for. */
const mostCharacters = 100_000;
/** Pieces of a weight below 1, each of which is a run of the text encoder by compel's rules. */
const mostLowered = 64;

const readers: Readonly<Record<PromptWeighting, (text: string) => ReadPrompt>> = {
  none: (text) => plainPrompt([{ text, weight: 1 }]),
  a1111: readA1111,
  comfyui: readComfyUi,
  compel: readCompel,
};

/** Takes time in proportion to the text's length. */
export function readPrompt(text: string, weighting: PromptWeighting): ReadPrompt {
  if (weighting !== "none" && text.length > mostCharacters) {
    const problem = `has ${text.length} characters, and ${mostCharacters} is the most in which brackets are read`;
    return { ...plainPrompt([]), problem };
  }
  const read = readers[weighting](text);
  return read.problem === undefined ? { ...read, problem: beyondLimits(read, weighting) } : read;
}

/** A prompt of one text. */
export function plainPrompt(fragments: readonly Fragment[]): ReadPrompt {
  return { parts: [plainPart(fragments)] };
}

export function plainPart(fragments: readonly Fragment[]): PromptPart {
  return { strands: [{ fragments, share: 1 }], isNormalized: true, weight: 1 };
}

/** Whether it says no more than its words. */
export function isUnweighted({ parts: [first, ...others] }: ReadPrompt): boolean {
  return (
    others.length === 0 &&
    first!.weight === 1 &&
    first!.strands.length === 1 &&
    first!.strands[0]!.fragments.every(({ weight }) => weight === 1)
  );
}

/** Its words without weights, for encoders that have no use for them. */
export function wordsOf({ parts }: ReadPrompt): string {
  const fragments = parts.flatMap(({ strands }) => strands.flatMap((strand) => strand.fragments));
  return fragments.map(({ text }) => text).join(parts.length === 1 && parts[0]!.strands.length === 1 ? "" : " ");
}

function beyondLimits({ parts }: ReadPrompt, weighting: PromptWeighting): string | undefined {
  if (parts.length > mostChunks)
    return `has ${parts.length} parts that begin chunks of their own, and ${mostChunks} is the most`;
  const strands = parts.flatMap((part) => part.strands);
  const weights = [...parts, ...strands.flatMap(({ fragments }) => fragments)].map(({ weight }) => weight);
  const far = [...weights, ...strands.map(({ share }) => share)].find((weight) => !(Math.abs(weight) <= largestWeight));
  if (far !== undefined) return `has the weight ${far}, and weights are from -${largestWeight} to ${largestWeight}`;
  const lowered = strands.reduce((sum, { fragments }) => sum + fragments.filter(({ weight }) => weight < 1).length, 0);
  if (weighting !== "compel" || lowered <= mostLowered) return undefined;
  return `has ${lowered} pieces of a weight below 1, each of which is a run of the text encoder, and ${mostLowered} is the most`;
}
