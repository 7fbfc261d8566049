import type { AddedToken, TokenizerConfig } from "./tokenizer-folder";

/** The roles that a config may give to a token, in transformers' order. */
const roles = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;

/** `{ eos_token: "</s>", ... }`: the tokens that a config names, by role. */
export function specialTokens(config: TokenizerConfig): Record<string, string> {
  const named: Record<string, string> = {};
  for (const role of roles) {
    const content = contentOf(config[role]);
    if (content !== undefined) named[role] = content;
  }
  return named;
}

/**
 * The added tokens of a tokenizer, with those that only its config names. transformers adds every special token that
 * is not yet an added token, so that it is found whole in a prompt: SDXL's second tokenizer pads with "!", and from
 * then on each "!" of a prompt is the pad token.
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
  const tokens = [...added];
  let next = added.reduce((most, token) => Math.max(most, token.id + 1), size);
  const add = (value: unknown, special: boolean, id?: number) => {
    const content = contentOf(value);
    if (content === undefined || content === "" || tokens.some((token) => token.content === content)) return;
    const flags = typeof value === "object" ? (value as Partial<AddedToken>) : {};
    const known = id ?? idOf(content);
    tokens.push({
      single_word: flags.single_word ?? false,
      lstrip: flags.lstrip ?? false,
      rstrip: flags.rstrip ?? false,
      normalized: flags.normalized ?? !special,
      content,
      special,
      id: known ?? next,
    });
    next = Math.max(next, (known ?? next) + 1);
  };
  const decoder = (config.added_tokens_decoder ?? {}) as Record<string, Partial<AddedToken>>;
  for (const [id, token] of Object.entries(decoder)) add(token, token.special ?? false, Number(id));
  for (const role of roles) add(config[role], true);
  for (const key of ["additional_special_tokens", "extra_special_tokens"]) {
    if (Array.isArray(config[key])) for (const token of config[key]) add(token, true);
  }
  return tokens;
}

function contentOf(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  const content = (token as { content?: unknown } | null | undefined)?.content;
  return typeof content === "string" ? content : undefined;
}
