import { tokenizerInvalid } from "../errors/text";
import type { SettledFolder } from "./tokenizer-class";

/** Above every vocabulary; tables and lists are as long as the largest id. */
const mostIds = 2 ** 22;

/**
 * Refuses ids that no vocabulary has.
 * @throws SKIPSTEP_TOKENIZER_INVALID
 */
export function checkIds({ file, json, claims }: SettledFolder): void {
  const { vocab } = json.model;
  const ids: Iterable<readonly [name: string, id: unknown]> = [
    ...claims.map(({ file, content, id }) =>
      file === "tokenizer_config.json" ? ([`added_tokens_decoder/${id}`, id] as const) : ([content, id] as const),
    ),
    ...(Array.isArray(vocab) ? [] : Object.entries(vocab ?? {})),
  ];
  for (const [name, id] of ids)
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= mostIds)
      throw tokenizerInvalid(
        file,
        `the id of token ${JSON.stringify(String(name).slice(0, 60))} must be an integer from 0 to ${mostIds - 1}, found ${JSON.stringify(id)}`,
      );
}
