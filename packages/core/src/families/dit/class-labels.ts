import { didYouMean } from "../../errors/nearest";
import type { Configs, SettingProblem } from "../../loop/family";
import type { SettingsOf } from "../../loop/settings";
import { list } from "../../schema/option";
import { take } from "../../settings/common-settings";
import { setting } from "../../settings/setting";

export const ditSettings = {
  class_labels: setting<readonly (number | string)[]>(
    list(
      undefined,
      { type: ["integer", "string"], minimum: 0 },
      {
        minItems: 1,
        description: "Classes to draw; each makes an image. Numbers, or names where the checkpoint has some.",
      },
    ),
    [],
  ),
  ...take("num_inference_steps", "guidance_scale", "height", "width", "seed", "vae_tiling"),
};

/** With the classes to draw. */
export type DitSettings = SettingsOf<typeof ditSettings>;

/**
 * Classes by name, as a checkpoint's `model_index.json` may list them: `{ "id2label": { "1": "goldfish, Carassius
 * auratus" } }`, where each name between commas will do.
 */
function classesByName({ model_index }: Configs): ReadonlyMap<string, number> {
  const { id2label } = model_index as { id2label?: Readonly<Record<string, unknown>> };
  // The files are sorted as text. Of classes that share a name, such as the two cranes, the last one has it.
  const entries = Object.entries(id2label ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(
    entries.flatMap(([number, names]) =>
      String(names)
        .split(",")
        .map((name) => [name.trim(), Number(number)] as const),
    ),
  );
}

/** The number of each class. Names must be known. */
export function classNumbers(configs: Configs, { class_labels }: DitSettings): number[] {
  const classes = classesByName(configs);
  return class_labels.map((label) => (typeof label === "string" ? classes.get(label)! : label));
}

/** @param count of classes; the number after the last is no class */
export function classProblems(configs: Configs, { class_labels }: DitSettings, count: number): SettingProblem[] {
  const names = [...classesByName(configs).keys()];
  return class_labels.flatMap((label) => {
    const text = typeof label === "string" ? nameProblem(label, names) : numberProblem(label, count);
    return text === undefined ? [] : [{ key: "class_labels" as const, text }];
  });
}

function nameProblem(label: string, names: readonly string[]): string | undefined {
  if (names.includes(label)) return undefined;
  if (names.length === 0) return `must be numbers, found "${label}": this checkpoint does not name its classes`;
  return `must be classes of the checkpoint, found "${label}".${didYouMean(label, names)}`;
}

function numberProblem(label: number, count: number): string | undefined {
  return label <= count ? undefined : `must be 0 to ${count - 1}, or ${count} for no class, found ${label}`;
}
