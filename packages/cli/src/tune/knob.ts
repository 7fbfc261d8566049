import { isDeepStrictEqual } from "node:util";
import type { CheckedConfig } from "@skipstep/core";
import type { TuneRange } from "@skipstep/core/plugin";

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
  return plugins.plugins.flatMap(({ name, manifest, options }, index) =>
    Object.entries(manifest.tunes ?? {}).map(([option, range]) => {
      const values = withOwn(valuesOf(range!), options[option]);
      const start = values.findIndex((value) => isDeepStrictEqual(value, options[option]));
      return { index, plugin: name, option, values, start };
    }),
  );
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
