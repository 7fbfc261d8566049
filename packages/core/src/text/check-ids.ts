import { tokenizerInvalid } from "../errors/text";
import { isObject } from "../schema/json";
import type { SettledFolder } from "./tokenizer-class";

/** Above every vocabulary; tables and lists are as long as the largest id. */
const mostIds = 2 ** 22;

/**
 * Refuses ids that no vocabulary has.
 * @throws SKIPSTEP_TOKENIZER_INVALID
 */
export function checkIds({ file, json, claims }: SettledFolder): void {
  const { vocab } = json.model;
  const check = (name: string, id: unknown): void => {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= mostIds)
      throw tokenizerInvalid(
        file,
        `the id of token ${JSON.stringify(name.slice(0, 60))} must be an integer from 0 to ${mostIds - 1}, found ${JSON.stringify(id)}`,
      );
  };
  for (const claim of claims)
    check(claim.file === "tokenizer_config.json" ? `added_tokens_decoder/${claim.id}` : claim.content, claim.id);
  if (isObject(vocab)) for (const token in vocab) check(token, vocab[token]);
}
