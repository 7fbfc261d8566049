import type { AddedToken } from "./tokenizer-folder";

/** A piece of a text: an added token, or what lies between two of them. */
export type Section = { readonly token: AddedToken } | { readonly text: string; readonly start: number };

/**
 * Cuts a text at added tokens: leftmost first, the longest of several, as the Rust library's Aho-Corasick search does.
 * `lstrip` and `rstrip` tokens swallow the whitespace beside them, `single_word` ones must not touch a letter.
 */
export function splitAtTokens(tokens: ReadonlyMap<string, AddedToken>): (text: string) => Section[] {
  if (tokens.size === 0) return (text) => [{ text, start: 0 }];
  const longestFirst = [...tokens.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    longestFirst.map((content) => content.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|"),
    "gu",
  );

  return (text) => {
    const sections: Section[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      const token = tokens.get(match[0])!;
      let from = match.index;
      let to = from + match[0].length;
      if (from < end || (token.single_word && touchesWord(text, from, to))) continue;
      if (token.lstrip) from = Math.max(end, text.slice(0, from).trimEnd().length);
      if (token.rstrip) to = text.length - text.slice(to).trimStart().length;
      if (from > end) sections.push({ text: text.slice(end, from), start: end });
      sections.push({ token });
      end = to;
    }
    if (end < text.length) sections.push({ text: text.slice(end), start: end });
    return sections;
  };
}

function touchesWord(text: string, from: number, to: number): boolean {
  // Two units hold the last character; a longer slice would be searched from its begin.
  return /[\p{L}\p{N}_]$/u.test(text.slice(Math.max(0, from - 2), from)) || /^[\p{L}\p{N}_]/u.test(text.slice(to));
}
