import { isDeepStrictEqual } from "node:util";
import type { CheckedConfig } from "@skipstep/core";
import type { TuneRange } from "@skipstep/core/plugin";
import { usage } from "../errors";

/** An option of a plugin that is tuned, with the values that may be tried. */
export interface Knob {
  /** Place among the config's plugins. */
  readonly index: number;
  readonly plugin: string;
  readonly option: string;
  /** From the most careful to the boldest. The config's own is one of them. */
  readonly values: readonly unknown[];
  /** Where the config's own stands. */
  readonly start: number;
}

/** Values of a range that is spread over factors: neighbours differ by about an eighth. */
const perDecade = 20;

/** What can be tuned in a config, each plugin's most important option first. */
export function knobsOf({ plugins }: CheckedConfig): Knob[] {
  return plugins.plugins.flatMap((loaded, index) =>
    Object.entries(loaded.manifest.tunes ?? {}).map(([option, range]) => knob(loaded, index, option, valuesOf(range!))),
  );
}

/**
 * Knobs that were asked for in place of those that plugins name.
 * @param tries `cache-dit.steps_computation_mask=[[1, 1, 0], [1, 0, 0]]`: a list from the most careful to the boldest
 * @throws SKIPSTEP_USAGE
 */
export function triedKnobs({ plugins }: CheckedConfig, tries: readonly string[]): Knob[] {
  return tries.map((text) => {
    const [, name, option, list] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(text) ?? [];
    const index = plugins.plugins.findIndex((loaded) => loaded.name === name);
    const loaded = plugins.plugins[index];
    if (!loaded || !Object.hasOwn(loaded.manifest.options.properties, option!))
      throw usage(`--try ${text} names no option of a plugin of the config. Write <plugin>.<option>=<list>.`);
    const values = listIn(list!);
    if (!values) throw usage(`--try ${text} gives no values. Write a JSON list with one at least.`);
    return knob(loaded, index, option!, values);
  });
}

function listIn(text: string): unknown[] | undefined {
  try {
    const values: unknown = JSON.parse(text);
    return Array.isArray(values) && values.length > 0 ? values : undefined;
  } catch {
    return undefined;
  }
}

function knob(
  { name, options }: { readonly name: string; readonly options: Readonly<Record<string, unknown>> },
  index: number,
  option: string,
  range: readonly unknown[],
): Knob {
  const values = withOwn(range, options[option]);
  const start = values.findIndex((value) => isDeepStrictEqual(value, options[option]));
  return { index, plugin: name, option, values, start };
}

export function valuesOf(range: TuneRange): unknown[] {
  if ("values" in range) return [...range.values];
  const { from, to, scale } = range;
  const count = scale === "log" ? Math.ceil(Math.abs(Math.log10(to / from)) * perDecade) : Math.abs(to - from);
  const steps = scale === "linear" ? perDecade : count;
  const values = Array.from({ length: steps + 1 }, (_, i) => {
    const share = i / steps;
    const value = scale === "log" ? from * (to / from) ** share : from + (to - from) * share;
    return Number(value.toPrecision(scale === "integer" ? 15 : 2));
  });
  return [...new Set(values)];
}

/** The list with the config's own value at its place, where it is missing. */
function withOwn(values: readonly unknown[], own: unknown): unknown[] {
  if (values.some((value) => isDeepStrictEqual(value, own))) return [...values];
  if (typeof own !== "number") return [own, ...values];
  const [first, second] = values as [number, number];
  const isBolder = (a: number, b: number): boolean => (second < first ? a < b : a > b);
  const at = values.findIndex((value) => typeof value === "number" && isBolder(value, own));
  const place = at < 0 ? values.length : at;
  return [...values.slice(0, place), own, ...values.slice(place)];
}
