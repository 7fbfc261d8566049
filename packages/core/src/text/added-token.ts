import type { AddedToken } from "./tokenizer-folder";

/** A token with the flags that transformers gives one that says nothing of them. */
export function addedToken(token: Partial<AddedToken>): AddedToken {
  const { special = false } = token;
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: !special };
  return { ...flags, content: "", id: -1, ...token, special };
}

/** Of two with one id the later counts. */
export function byId(tokens: readonly AddedToken[]): AddedToken[] {
  return [...new Map(tokens.map((token) => [token.id, token])).values()].sort((a, b) => a.id - b.id);
}

/** The text of a token as a config has it: a text, or an object with flags. */
export function contentOf(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}

/** Of a list of tokens, or of an object with one by name. */
export function contentsOf(tokens: unknown): string[] {
  const values = typeof tokens === "object" && tokens !== null ? Object.values(tokens) : [];
  return values.map(contentOf).filter((content) => content !== undefined);
}
