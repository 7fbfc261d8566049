/** Longest message, and longest run of letters without a space, in UTF-16 units. */
const longestText = 2000;
const longestWord = 500;

/** Controls, line and paragraph separators, invisible formatting such as the bidi controls, halves of letters. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Joins emoji into one; has no effect on its own. */
const joiner = "\u200D";

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * A text as one line that a terminal, a log or a reader cannot be fooled by: what does not print is escaped as in JSON,
 * and long ones are cut in the middle. What errors and warnings quote comes from strangers' files.
 */
export function printable(text: string): string {
  return shortened(escaped(shortened(text))); // escapes are longer than what they stand for
}

/** What does not print, escaped as in JSON; nothing is cut. */
export function escaped(text: string): string {
  return text.replace(unprintable, (letter) => (letter === joiner ? letter : (short[letter] ?? code(letter))));
}

const longWords = new RegExp(`\\S{${longestWord + 1},}`, "g");

function shortened(text: string): string {
  return cut(
    text.replace(longWords, (word) => cut(word, longestWord)),
    longestText,
  );
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = Math.floor(most / 3);
  const start = most - end;
  return `${text.slice(0, start)}…(${text.length - most} more)…${text.slice(-end)}`;
}

/** `\u001b`; two of them for what UTF-16 writes as a pair. */
function code(letter: string): string {
  return Array.from(
    { length: letter.length },
    (_, i) => `\\u${letter.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
}
