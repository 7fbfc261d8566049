import type { Sizes } from "../../graph/dim";
import type { Configs, SettingProblem } from "../../loop/family";
import type { Settings } from "../../loop/settings";
import { integer } from "../../schema/option";
import { type SettingValues, setting, textSetting } from "../../settings/setting";
import { chunksAbout, promptProblems, promptSettings } from "../prompts/prompt-settings";
import { type ClipState, clipSkipProblems } from "./clip-encoder";

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
  ...promptSettings,
  clip_skip: setting<number>(
    integer(undefined, { minimum: 0, description: "Last layers of CLIP that are left out." }),
    0,
  ),
};

type ClipValues = Settings & SettingValues<typeof clipSettings>;

/** What is wrong with settings of CLIP. @param names of components */
export function clipProblems(
  configs: Configs,
  settings: ClipValues,
  names: readonly string[],
  state: ClipState,
): SettingProblem[] {
  return [...clipSkipProblems(configs, settings.clip_skip, names, state), ...promptProblems(configs, settings, names)];
}

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

/** Whether it reads prompts of one length, as CLIP does, in one chunk or several. */
function lengthOf(configs: Configs, name: string): number | undefined {
  const { max_position_embeddings } = (configs[name] ?? {}) as { readonly max_position_embeddings?: number };
  return max_position_embeddings;
}

/** Tokens of a prompt: of CLIP's a whole number of chunks, of the other encoders' the setting's. */
export function textTokens(configs: Configs, settings: Settings, name: string): number {
  const length = lengthOf(configs, name);
  return length === undefined ? settings.max_sequence_length : length * chunksAbout(configs, settings, name);
}

/** As `Family.sizes`, of encoders that read all prompts in one batch. @param names of components */
export function textSizes(configs: Configs, settings: Settings, names: readonly string[]): Record<string, Sizes> {
  const prompts = Math.max(1, settings.prompt.length);
  return Object.fromEntries(
    names.map((name) => {
      const T = lengthOf(configs, name) ?? settings.max_sequence_length;
      return [name, { B: (prompts * textTokens(configs, settings, name)) / T, T }];
    }),
  );
}
