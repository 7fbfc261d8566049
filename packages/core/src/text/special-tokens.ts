import { addedToken, contentOf } from "./added-token";
import type { AddedToken, TokenizerConfig } from "./tokenizer-folder";
import { isToken } from "./tokenizer-keys";

/** The roles that a config may give to a token, in transformers' order. */
const roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/** `{ eos_token: "</s>", ... }`: the tokens that a config names, by role; behind them those under names of their own. */
export function specialTokens(config: TokenizerConfig): Record<string, string> {
  const named: Record<string, string> = {};
  for (const role of rolesOf(config)) {
    const content = contentOf(config[role]);
    if (content !== undefined) named[role] = content;
  }
  return named;
}

/**
 * The added tokens of a tokenizer, with those that only its config names. transformers adds every special token that
 * is not yet an added token, so that it is found whole in a prompt: SDXL's second tokenizer pads with "!", and from
 * then on each "!" of a prompt is the pad token. A token that the vocabulary has not gets the next free id, whatever
 * the file says.
 *
 * @param idOf a token's id in the vocabulary
 * @param size number of ids in the vocabulary
 */
export function completeAddedTokens(
  added: readonly AddedToken[],
  config: TokenizerConfig,
  idOf: (content: string) => number | undefined,
  size: number,
): AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  let next = size;
  const add = (token: AddedToken): void => {
    const { content } = token;
    if (content === "" || tokens.has(content)) return;
    const id = idOf(content) ?? next;
    next = Math.max(next, id + 1);
    tokens.set(content, { ...token, id });
  };
  const named = Object.values(specialTokens(config));
  for (const token of added) add({ ...token, special: token.special || named.includes(token.content) });
  for (const role of rolesOf(config)) add(specialToken(config[role]));
  const { additional_special_tokens: additional, extra_special_tokens: extra = additional } = config;
  if (typeof extra === "object" && extra !== null) for (const token of Object.values(extra)) add(specialToken(token));
  return [...tokens.values()];
}

/** transformers' seven, then those of `image_token` and its like: first the ones with flags. */
function rolesOf(config: TokenizerConfig): string[] {
  const own = Object.keys(config).filter((key) => !roles.includes(key) && isToken(key, config[key]));
  const isText = (key: string): boolean => typeof config[key] === "string";
  return [...roles, ...own.filter((key) => !isText(key)), ...own.filter(isText)];
}

/** A token as a config has it: a text, or an object with flags. */
function specialToken(token: unknown): AddedToken {
  const flags = typeof token === "object" ? (token as Partial<AddedToken>) : {};
  return addedToken({ ...flags, content: contentOf(token) ?? "", special: true });
}
