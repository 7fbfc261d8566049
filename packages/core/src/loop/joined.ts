import { picturesOf } from "../image/picture";
import { commonSettings, pictureSettingNames } from "../settings/common-settings";
import type { Family } from "./family";
import type { Settings } from "./settings";

/**
 * By what a generation may share its passes: those of one key differ in seed and in what they draw. Nothing for one that
 * goes alone, because it begins with an image or noise of its own, or with LoRAs.
 */
export function joinKey(family: Family, settings: Settings): string | undefined {
  const { latents, loras = [] } = settings;
  if (latents !== undefined || loras.length > 0) return undefined;
  if (pictureSettingNames.some((name) => picturesOf(settings[name]).length > 0)) return undefined;
  const own = new Set([...drawnSettings(family), "seed", "subjects", "remarks"]);
  const same = Object.entries(settings).filter(([name]) => !own.has(name));
  return JSON.stringify(same.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Of generations of one key: all that they draw, one after the other. The seed is the first one's. */
export function joinSettings(family: Family, all: readonly Settings[]): Settings {
  const [first] = all as [Settings];
  if (all.length === 1) return first;
  const lists = drawnSettings(family).filter((name) => Array.isArray(first[name]));
  return {
    ...first,
    ...Object.fromEntries(lists.map((name) => [name, all.flatMap((each) => each[name] as readonly unknown[])])),
    subjects: all.reduce((sum, { subjects }) => sum + subjects, 0),
  };
}

/** Settings with an entry for each prompt, or for what else is drawn. */
function drawnSettings({ settings, subject }: Family): string[] {
  const texts = Object.entries({ ...commonSettings, ...settings }).filter(([, { follows }]) => follows !== undefined);
  return ["prompt", ...texts.map(([name]) => name), ...(subject ? [subject.setting] : [])];
}
