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
