import type { Sizes } from "../../graph/dim";
import type { Configs, SettingProblem } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import { integer } from "../../schema/option";
import { setting, textSetting } from "../../settings/setting";

/** Of families with a second text encoder. */
export const secondPrompts = {
  prompt_2: textSetting("For the second text encoder; the prompt when left out.", "prompt"),
  negative_prompt_2: textSetting("For the second text encoder; the negative prompt when left out.", "negative_prompt"),
};

/** Of families with a third. */
export const thirdPrompts = {
  prompt_3: textSetting("For the third text encoder; the prompt when left out.", "prompt"),
  negative_prompt_3: textSetting("For the third text encoder; the negative prompt when left out.", "negative_prompt"),
};

/** Of families whose prompts CLIP reads. */
export const clipSettings = {
  clip_skip: setting<number>(
    integer(undefined, { minimum: 0, description: "Last layers of CLIP that are left out." }),
    0,
  ),
};

/** Most tokens of a prompt that T5 reads. */
const LONGEST_PROMPT = 512;

/** What is wrong with `max_sequence_length`. @param longest that may be; T5's when left out */
export function longPromptProblems(
  { max_sequence_length: most }: Settings,
  longest = LONGEST_PROMPT,
): SettingProblem[] {
  if (most <= longest) return [];
  return [{ key: "max_sequence_length", text: `must be <= ${longest}, found ${most}` }];
}

/** Tokens of a prompt: CLIP's are always as many, the other encoders' are the setting's. */
export function textTokens(configs: Configs, { max_sequence_length }: Settings, name: string): number {
  const { max_position_embeddings } = (configs[name] ?? {}) as { readonly max_position_embeddings?: number };
  return max_position_embeddings ?? max_sequence_length;
}

/** As `Family.sizes`, of encoders that read all prompts in one batch. @param names of components */
export function textSizes(configs: Configs, settings: Settings, names: readonly string[]): Record<string, Sizes> {
  const B = Math.max(1, settings.prompt.length);
  return Object.fromEntries(names.map((name) => [name, { B, T: textTokens(configs, settings, name) }]));
}
