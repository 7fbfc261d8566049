import type { Override } from "@skipstep/core";
import { factsText } from "../columns";
import type { Knob } from "./knob";

/** A value for each knob, by its place in the knob's list. */
export type Position = readonly number[];

/** The options that a position means, over those of the config. */
export function overridesAt(knobs: readonly Knob[], position: Position): Override[] {
  return knobs.map(({ index, option, values }, i) => ({
    path: ["plugins", String(index), "options", option],
    value: values[position[i]!],
  }));
}

/** `fbcache: threshold 0.12` */
export function settingText(knobs: readonly Knob[], position: Position): string {
  const names = [...new Set(knobs.map(({ plugin }) => plugin))];
  return names
    .map((name) => {
      const options = knobs.flatMap(({ plugin, option, values }, i) =>
        plugin === name ? [[option, values[position[i]!]] as const] : [],
      );
      return `${name}: ${factsText(Object.fromEntries(options))}`;
    })
    .join("; ");
}
