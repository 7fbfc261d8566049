import { tokenizerInvalid } from "../errors/text";
import type { SettledFolder } from "./tokenizer-class";

/** Above every vocabulary; tables and lists are as long as the largest id. */
const mostIds = 2 ** 22;

/**
 * Refuses ids that no vocabulary has.
 * @throws SKIPSTEP_TOKENIZER_INVALID
 */
export function checkIds({ file, json, config }: SettledFolder): void {
  const { vocab } = json.model;
  const decoder = config.added_tokens_decoder ?? {};
  const ids: Iterable<readonly [name: string, id: unknown]> = [
    ...json.added_tokens.map(({ content, id }) => [content, id] as const),
    ...(Array.isArray(vocab) ? [] : Object.entries(vocab ?? {})),
    ...Object.keys(decoder).map((id) => [`added_tokens_decoder/${id}`, Number(id)] as const),
  ];
  for (const [name, id] of ids)
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= mostIds)
      throw tokenizerInvalid(
        file,
        `the id of token ${JSON.stringify(String(name).slice(0, 60))} must be an integer from 0 to ${mostIds - 1}, found ${JSON.stringify(id)}`,
      );
}
