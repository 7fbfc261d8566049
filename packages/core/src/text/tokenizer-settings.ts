import { addedToken, byId, contentOf, contentsOf } from "./added-token";
import { specialTokens } from "./special-tokens";
import type { AddedToken, TokenClaim, TokenizerConfig, TokenizerFolder, TokenizerJson } from "./tokenizer-folder";

/** The files of a tokenizer folder that say more than its vocabulary; absent ones are undefined. */
interface SettingFiles {
  readonly config: TokenizerConfig;
  readonly map: TokenizerConfig | undefined;
  /** added_tokens.json: ids by content. */
  readonly added: TokenizerConfig | undefined;
  readonly json: TokenizerJson | undefined;
}

/**
 * Which file counts, as in transformers 5. With `added_tokens_decoder`, tokenizer_config.json says all; folders from
 * before it (2023) have special_tokens_map.json, which is stronger than tokenizer_config.json, and added_tokens.json.
 */
export function settingsOf(files: SettingFiles): Pick<TokenizerFolder, "config" | "added" | "claims" | "warnings"> {
  const own = mendedConfig(files);
  const claims = claimsOf(files);
  if ("added_tokens_decoder" in own) {
    const added = byId(
      Object.entries(own.added_tokens_decoder as Record<string, Partial<AddedToken>>).map(([id, token]) =>
        addedToken({ ...token, id: Number(id) }),
      ),
    );
    return { config: own, added, claims, warnings: overruled(files, own) };
  }
  const config = { ...own, ...withExtras(own, files.map) };
  const special = new Set([...Object.values(specialTokens(config)), ...contentsOf(config.extra_special_tokens)]);
  const added = Object.entries(files.added ?? {}).map(([content, id]) =>
    addedToken({ content, id: Number(id), special: special.has(content) }),
  );
  return { config, added: byId([...added, ...(files.json?.added_tokens ?? []).map(addedToken)]), claims, warnings: [] };
}

/** tokenizer_config.json without what transformers takes no notice of, and under its new names. */
function mendedConfig({ config, json }: SettingFiles): TokenizerConfig {
  const { additional_special_tokens: additional, extra_special_tokens: extra, ...rest } = config;
  const { add_bos_token, add_eos_token, ...withoutEnds } = rest;
  const hasExtra = contentsOf(extra).length > 0 || additional === undefined;
  return {
    ...(json ? withoutEnds : rest),
    ...(hasExtra
      ? { extra_special_tokens: extra, additional_special_tokens: additional }
      : { extra_special_tokens: additional }),
  };
}

/** special_tokens_map.json, whose extra tokens join those of the config. */
function withExtras({ extra_special_tokens: own }: TokenizerConfig, map: TokenizerConfig = {}): TokenizerConfig {
  const { extra_special_tokens: extra } = map;
  if (!Array.isArray(extra)) return map;
  const known = contentsOf(own);
  const more = extra.filter((token) => !known.includes(contentOf(token) ?? ""));
  return { ...map, extra_special_tokens: [...(Array.isArray(own) ? own : []), ...more] };
}

/** Special tokens that special_tokens_map.json has beside a tokenizer_config.json that lists the added tokens. */
function overruled({ map = {} }: SettingFiles, config: TokenizerConfig): string[] {
  const own = specialTokens(config);
  const other = Object.entries(specialTokens(map)).filter(([role, content]) => own[role] !== content);
  return other.map(
    ([role, content]) =>
      `special_tokens_map.json has the ${role} ${JSON.stringify(content)}, and tokenizer_config.json, which counts in transformers, has ${JSON.stringify(own[role] ?? null)}.`,
  );
}

/** What the files say of added tokens, each with its id. */
function claimsOf({ config, added = {}, json }: SettingFiles): TokenClaim[] {
  const decoder = Object.entries((config.added_tokens_decoder ?? {}) as Record<string, Partial<AddedToken>>);
  return [
    ...decoder.map(([id, { content = "" }]) => ({ file: "tokenizer_config.json", content, id: Number(id) })),
    ...Object.entries(added).map(([content, id]) => ({ file: "added_tokens.json", content, id: Number(id) })),
    ...(json?.added_tokens ?? []).map(({ content, id }) => ({ file: "tokenizer.json", content, id })),
  ];
}
