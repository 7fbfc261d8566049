import type { CheckedConfig, Report } from "@skipstep/core";
import type { Drawing } from "../render/drawing";

/** Numbers that a plugin recorded at one of its regions, by step. */
export interface ResidualSeries {
  readonly plugin: string;
  readonly region: string;
  /** What the plugin calls the number: `residual_diff`. */
  readonly number: string;
  /** Step, 0-based, and value; in order. */
  readonly points: readonly (readonly [number, number])[];
  /** Steps at which the region was reused; for one that never is, those at which the plugin reused something. */
  readonly reused: ReadonlySet<number>;
  /** What the number is held against, where the plugin says so. */
  readonly threshold?: number;
}

/** Everything that plugins recorded while they drew. */
export function residualsOf({ plugins }: CheckedConfig, { report }: Drawing): ResidualSeries[] {
  return report.plugins.flatMap((plugin) => {
    const { manifest, options } = plugins.plugins.find(({ name }) => name === plugin.name)!;
    const thresholds = manifest.thresholds?.(options) ?? {};
    const reused = new Set(plugin.regions.flatMap((region) => region.reused));
    return plugin.regions.flatMap((region) => seriesOf(plugin.name, region, reused, thresholds));
  });
}

function seriesOf(
  plugin: string,
  { name: region, numbers, reused: own }: Report["plugins"][number]["regions"][number],
  inPlugin: ReadonlySet<number>,
  thresholds: Readonly<Record<string, number>>,
): ResidualSeries[] {
  const reused = own.length > 0 ? new Set(own) : inPlugin; // a region that is only measured decides for others
  return Object.entries(numbers).map(([number, values]) => {
    const threshold = thresholds[number];
    // A difference is not negative: such a value says that none was measured.
    const points = Object.entries(values)
      .map(([step, value]) => [Number(step), threshold !== undefined && value < 0 ? Number.NaN : value] as const)
      .sort(([a], [b]) => a - b);
    return { plugin, region, number, points, reused, ...(threshold === undefined ? {} : { threshold }) };
  });
}

/** Steps of a generation, as far as plugins with regions saw them. */
export function stepCount({ report }: Drawing): number {
  const steps = report.plugins.flatMap(({ regions }) =>
    regions.flatMap(({ computed, reused }) => [...computed, ...reused]),
  );
  return steps.reduce((most, step) => Math.max(most, step + 1), 0);
}
