import type { PromptWeighting } from "./read-prompt";

/** A token of a prompt. */
export interface PromptToken {
  readonly id: number;
  /** As the vocabulary writes it: `cat</w>`. */
  readonly token: string;
  readonly weight: number;
  /** Which of its strand's fragments it is of. */
  readonly fragment: number;
  /** Whether it stays with the one before: a further vector of a textual inversion; by ComfyUI's rules a word's next token. */
  readonly isBound: boolean;
}

type Chunks = PromptToken[][];

/** Tokens behind a comma that A1111 takes along into the next chunk. */
const mostCarried = 20;
/** Tokens from which on ComfyUI parts a word. */
const partedWord = 8;

/** How the tokens of a strand are shared out among runs of a text encoder. @param room tokens in one run @returns at least one */
export const chunkers: Readonly<Record<PromptWeighting, (tokens: readonly PromptToken[], room: number) => Chunks>> = {
  none: inARow,
  a1111: behindCommas,
  comfyui: wordByWord,
  compel: behindSentences,
};

function inARow(tokens: readonly PromptToken[], room: number): Chunks {
  const chunks = Array.from({ length: Math.ceil(tokens.length / room) }, (_, i) =>
    tokens.slice(i * room, (i + 1) * room),
  );
  return chunks.length > 0 ? chunks : [[]];
}

/** What follows a comma near the end goes into the next chunk; vectors of one embedding stay together. */
function behindCommas(tokens: readonly PromptToken[], room: number): Chunks {
  const chunks: Chunks = [];
  let chunk: PromptToken[] = [];
  let comma = -1;
  const close = (next: PromptToken[] = []): void => {
    chunks.push(chunk);
    chunk = next;
    comma = -1;
  };
  for (const group of bound(tokens, room)) {
    if (group[0]!.token === ",</w>") comma = chunk.length;
    else if (chunk.length === room && comma >= 0 && room - comma <= mostCarried) {
      const carried = chunk.splice(comma + 1);
      close(carried);
    }
    if (chunk.length === room || chunk.length + group.length > room) close();
    chunk.push(...group);
  }
  if (chunk.length > 0 || chunks.length === 0) close();
  return chunks;
}

/** Words stay together but for very long ones. */
function wordByWord(tokens: readonly PromptToken[], room: number): Chunks {
  const chunks: Chunks = [[]];
  for (const word of bound(tokens, Number.POSITIVE_INFINITY)) {
    const isParted = word.length >= partedWord || word.length > room;
    for (let rest = word; rest.length > 0; ) {
      const chunk = chunks.at(-1)!;
      const free = room - chunk.length;
      if (rest.length <= free) {
        chunk.push(...rest);
        break;
      }
      if (isParted) {
        chunk.push(...rest.slice(0, free));
        rest = rest.slice(free);
      }
      chunks.push([]);
    }
  }
  return chunks;
}

/** Up to the last sentence that fits, else the last phrase, else the last word. */
function behindSentences(tokens: readonly PromptToken[], room: number): Chunks {
  const chunks: Chunks = [];
  let from = 0;
  do {
    const fitting = tokens.slice(from, from + room);
    const isLast = from + room >= tokens.length;
    const chunk = isLast ? fitting : fitting.slice(0, splitPoint(fitting));
    chunks.push(chunk);
    from += chunk.length;
  } while (from < tokens.length);
  return chunks;
}

function splitPoint(tokens: readonly PromptToken[]): number {
  const ends: ((token: string) => boolean)[] = [
    (token) => token === ".</w>",
    (token) => [".</w>", ",</w>", ";</w>", ":</w>"].includes(token),
    (token) => token.endsWith("</w>"),
  ];
  for (const isEnd of ends) {
    const last = tokens.findLastIndex(({ token }) => isEnd(token));
    if (last >= 0) return last + 1;
  }
  return tokens.length;
}

/** Tokens that stay together. @param most tokens of one group */
function bound(tokens: readonly PromptToken[], most: number): PromptToken[][] {
  const groups: PromptToken[][] = [];
  for (const token of tokens) {
    const group = groups.at(-1);
    if (token.isBound && group && group.length < most) group.push(token);
    else groups.push([token]);
  }
  return groups;
}
