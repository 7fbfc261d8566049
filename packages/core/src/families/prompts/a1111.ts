import { type Fragment, plainPart, type ReadPrompt } from "./read-prompt";

/** Brackets in brackets. */
const deepest = 64;
/** Characters in front of a bracket's end in which a step to change at can stand. */
const stepLength = 40;

interface Item extends Fragment {
  weight: number;
  readonly isBreak?: true;
}

interface Opened {
  /** Items before it. */
  readonly items: number;
  /** Its place in the text. */
  readonly place: number;
  hasBar: boolean;
}

const pieces = /\\[()[\]\\]|[\\()[\]]|:([+-]?[.\d]+)\)|[^\\()[\]:]+|:/g;
const breaks = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u;
const composed = /(?<![\p{L}\p{N}_])AND(?![\p{L}\p{N}_])/u;
const network = /<(?:lora|lyco|hypernet):[^<>]{1,200}/;
const step = /:\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * The rules of AUTOMATIC1111's stable-diffusion-webui: `(word)` is 1.1, `(word:1.3)` 1.3, `[word]` 1 / 1.1, and brackets in brackets
 * are multiplied. What is not closed counts up to the end, what was not opened is text. `\(` is a bracket of the text.
 * `BREAK` begins another chunk. What changes from step to step there (`[a:b:0.5]`, `[a|b]`), `AND` and networks named in
 * a prompt are refused.
 */
export function readA1111(text: string): ReadPrompt {
  const items: Item[] = [];
  const rounds: Opened[] = [];
  const squares: Opened[] = [];
  let problem = wholeProblem(text);
  const refuse = (found: string): void => {
    problem ??= found;
  };
  const multiply = ({ items: from }: Opened, weight: number): void => {
    for (const item of items.slice(from)) {
      if (item.isBreak) refuse("has BREAK in brackets, where A1111 takes it for a word. Write it outside of them");
      item.weight *= weight;
    }
  };

  for (const { 0: piece, 1: weight, index } of text.matchAll(pieces)) {
    if (problem !== undefined) break;
    const round = rounds.at(-1);
    const square = squares.at(-1);
    if (piece === "(" || piece === "[") {
      (piece === "(" ? rounds : squares).push({ items: items.length, place: index, hasBar: false });
      if (rounds.length + squares.length > deepest) refuse(`has brackets in brackets, more than ${deepest} deep`);
    } else if (weight !== undefined && round) {
      if (Number.isNaN(Number(weight))) refuse(`has the weight "${weight.slice(0, stepLength)}", which is no number`);
      multiply(rounds.pop()!, Number(weight));
    } else if (piece === ")" && round) multiply(rounds.pop()!, 1.1);
    else if (piece === "]" && square) {
      if (square.hasBar || step.test(text.slice(Math.max(square.place + 1, index - stepLength), index)))
        refuse(
          `has ${shown(text.slice(square.place, index + 1))}, which changes from step to step in A1111, and is not done here`,
        );
      multiply(squares.pop()!, 1 / 1.1);
    } else if (piece.startsWith("\\")) items.push({ text: piece === "\\" ? "" : piece.slice(1), weight: 1 });
    else {
      if (square && piece.includes("|")) square.hasBar = true;
      const parts = piece.split(breaks);
      for (const [i, part] of parts.entries()) {
        if (i > 0) items.push({ text: "BREAK", weight: 1, isBreak: true });
        const start = i > 0 ? part.trimStart() : part; // whitespace beside a BREAK belongs to it
        items.push({ text: i < parts.length - 1 ? start.trimEnd() : start, weight: 1 });
      }
    }
  }
  for (const opened of [...rounds, ...squares.map((square) => ({ ...square, isSquare: true }))])
    multiply(opened, "isSquare" in opened ? 1 / 1.1 : 1.1);
  return { parts: partsOf(items), problem };
}

/** What is refused wherever it stands. */
function wholeProblem(text: string): string | undefined {
  if (composed.test(text))
    return "has AND, which composes prompts in A1111, and is not done here. Write it in small letters where it is a word";
  const named = network.exec(text)?.[0];
  return named === undefined ? undefined : `has ${shown(`${named}>`)}: name networks in the config, in "lora"`;
}

/** Items up to each BREAK, neighbours of one weight as one text. Nothing behind the last one is nothing. */
function partsOf(items: readonly Item[]): ReadPrompt["parts"] {
  const parts: { text: string[]; weight: number }[][] = [[]];
  for (const { text, weight, isBreak } of items) {
    if (isBreak) {
      parts.push([]);
      continue;
    }
    const fragments = parts.at(-1)!;
    const last = fragments.at(-1);
    if (last?.weight === weight) last.text.push(text);
    else fragments.push({ text: [text], weight });
  }
  if (parts.length > 1 && parts.at(-1)!.every(({ text }) => text.join("").trim() === "")) parts.pop();
  return parts.map((fragments) => plainPart(fragments.map(({ text, weight }) => ({ text: text.join(""), weight }))));
}

function shown(text: string): string {
  return text.length > 60 ? `"${text.slice(0, 57)}..."` : `"${text}"`;
}
