import type { SettingsOf } from "../../loop/settings";
import { flag, integer } from "../../schema/option";
import { setting } from "../../settings/setting";
import { fluxSettings } from "./settings";

export const kontextSettings = {
  ...fluxSettings,
  max_area: setting<number>(
    integer(undefined, { minimum: 1, description: "Pixels of the image; height and width only give its shape." }),
    1024 ** 2,
  ),
  _auto_resize: setting<boolean>(
    flag(
      undefined,
      "Show the model the image to look at in the nearest shape that it was trained on, at about a million pixels. False keeps the image's own size.",
    ),
    true,
  ),
};

export type KontextSettings = SettingsOf<typeof kontextSettings>;
