import { hookFailed } from "../errors/plugins";
import { picturesOf } from "../image/picture";
import type { LoadedPlugin } from "../plugins/host";
import { commonSettings, pictureSettingNames } from "../settings/common-settings";
import type { Family } from "./family";
import type { Settings } from "./settings";

/**
 * By what a generation may share its passes: those of one key differ in seed and in what they draw. Nothing for one that
 * goes alone, because it begins with an image or noise of its own, or with LoRAs.
 */
export function joinKey(family: Family, settings: Settings): string | undefined {
  const { latents, loras = [] } = settings as Settings & { readonly loras?: readonly unknown[] };
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

/**
 * Whether each image of a batch comes out as it would alone, whichever others are drawn beside it.
 * @throws SKIPSTEP_HOOK_FAILED for a plugin whose manifest cannot say it
 */
export function areBatchInvariant(plugins: readonly LoadedPlugin[]): boolean {
  return plugins.every(({ name, manifest: { batchInvariant = false }, options }) => {
    if (typeof batchInvariant !== "function") return batchInvariant;
    try {
      return batchInvariant(options);
    } catch (error) {
      throw hookFailed(name, "batchInvariant", error);
    }
  });
}

/** Settings with an entry for each prompt, or for what else is drawn. */
function drawnSettings({ settings, subject }: Family): string[] {
  const texts = Object.entries({ ...commonSettings, ...settings }).filter(([, { follows }]) => follows !== undefined);
  return ["prompt", ...texts.map(([name]) => name), ...(subject ? [subject.setting] : [])];
}
