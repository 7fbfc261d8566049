import { type Fragment, plainPrompt, type ReadPrompt } from "./read-prompt";

/** Brackets in brackets. */
const deepest = 64;

const number = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const noNumber = /^\s*[+-]?(?:nan|inf|infinity)\s*$/i;

/**
 * ComfyUI's rules: `(word)` is 1.1 times what is around it, `(word:1.3)` is 1.3 whatever is around it; `\(` is a bracket
 * of the text, and square brackets are text. A bracket counts when it is closed before one that was not opened.
 */
export function readComfyUi(text: string): ReadPrompt {
  const fragments: Fragment[] = [];
  let problem: string | undefined;
  const escaped = text.replaceAll("\\)", "\0\x01").replaceAll("\\(", "\0\x02");
  const read = (inner: string, weight: number, depth: number): void => {
    if (depth > deepest) problem ??= `has brackets in brackets, more than ${deepest} deep`;
    if (problem !== undefined) return;
    for (const piece of bracketed(inner)) {
      if (!(piece.length >= 2 && piece.startsWith("(") && piece.endsWith(")"))) {
        fragments.push({ text: unescaped(piece), weight });
        continue;
      }
      const content = piece.slice(1, -1);
      const colon = content.lastIndexOf(":");
      const said = content.slice(colon + 1);
      if (colon > 0 && noNumber.test(said)) problem ??= `has the weight "${said.trim()}", which is no number`;
      const isNumber = colon > 0 && number.test(said);
      read(isNumber ? content.slice(0, colon) : content, isNumber ? Number(said) : weight * 1.1, depth + 1);
    }
  };
  read(escaped, 1, 0);
  return { ...plainPrompt(fragments), problem };
}

/** Cut before outer brackets and behind them. */
function bracketed(text: string): string[] {
  const found: string[] = [];
  let from = 0;
  let depth = 0;
  for (const { 0: bracket, index } of text.matchAll(/[()]/g)) {
    if (bracket === "(" && depth++ === 0) {
      found.push(text.slice(from, index));
      from = index;
    }
    if (bracket === ")" && --depth === 0) {
      found.push(text.slice(from, index + 1));
      from = index + 1;
    }
  }
  return [...found, text.slice(from)].filter((piece) => piece !== "");
}

function unescaped(text: string): string {
  return text.replaceAll("\0\x01", ")").replaceAll("\0\x02", "(");
}
