import type { SettingsOf } from "../../loop/settings";
import type { JsonSchema } from "../../schema/json-schema";
import { integer, list } from "../../schema/option";
import { setting, unsetSetting } from "../../settings/setting";
import { secondPrompts } from "../encoders/settings";
import { unetSettings } from "./settings";

export const xlSettings = {
  ...unetSettings,
  ...secondPrompts,
  original_size: unsetSetting<readonly number[]>(
    pair(1, "Height and width that the model is told the picture had; the image's own when left out."),
  ),
  crops_coords_top_left: setting<readonly number[]>(
    pair(0, "Top and left of the crop that the model is told of."),
    [0, 0],
  ),
  target_size: unsetSetting<readonly number[]>(
    pair(1, "Height and width that the model is told to aim at; the image's own when left out."),
  ),
};

export type XlSettings = SettingsOf<typeof xlSettings>;

/** Two whole numbers. */
function pair(minimum: number, description: string): JsonSchema {
  return list(undefined, integer(undefined, { minimum }), { minItems: 2, maxItems: 2, description });
}
