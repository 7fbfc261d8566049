import type { OpenTokenizer } from "../../text/open-tokenizer";

/** Each prompt as a user's message in the tokenizer's chat template, up to where the answer begins. */
export async function userMessages(
  tokenizer: OpenTokenizer,
  prompts: readonly string[],
  enableThinking: boolean,
  signal?: AbortSignal,
): Promise<string[]> {
  const options = { addGenerationPrompt: true, enableThinking };
  const texts: string[] = [];
  for (const content of prompts)
    texts.push(await tokenizer.applyChatTemplate([{ role: "user", content }], options, signal));
  return texts;
}
