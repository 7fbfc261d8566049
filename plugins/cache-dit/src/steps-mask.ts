/** Step computation masks: for each step of a generation, 1 computes it and 0 may reuse. */
export const presetNames = ["slow", "medium", "fast", "ultra"] as const;

export type PresetName = (typeof presetNames)[number];

/** Runs of computed steps, each followed by a run of reused ones. */
interface Bins {
  readonly compute: readonly number[];
  readonly cache: readonly number[];
}

type Presets = Readonly<Record<PresetName, Bins>>;

const bins = (compute: readonly number[], cache: readonly number[]): Bins => ({ compute, cache });

/** For 28 steps; others are these, trimmed or grown. */
const baseSteps = 28;
const base: Presets = {
  slow: bins([8, 3, 3, 2, 1, 1], [1, 2, 2, 2, 3]),
  medium: bins([6, 2, 2, 2, 2, 1], [1, 3, 3, 3, 3]),
  fast: bins([6, 1, 1, 1, 1, 1], [1, 3, 4, 5, 4]),
  ultra: bins([4, 1, 1, 1, 1], [2, 5, 6, 7]),
};

/** For 10 to 15 steps, trimmed. */
const short: Presets = {
  slow: bins([4, 2, 2, 2, 1], [1, 1, 1, 1]),
  medium: bins([4, 2, 1, 1, 1], [1, 1, 2, 2]),
  fast: bins([3, 1, 1, 1, 1], [1, 2, 2, 3]),
  ultra: bins([2, 1, 1, 1, 1], [1, 2, 3, 3]),
};

const nine: Presets = {
  slow: bins([5, 2, 1], [1]),
  medium: bins([5, 1, 1], [1, 1]),
  fast: bins([4, 1, 1], [1, 2]),
  ultra: bins([3, 1, 1], [2, 2]),
};

const eight: Presets = {
  slow: bins([5, 1, 1], [1]),
  medium: bins([4, 1, 1], [1, 1]),
  fast: bins([3, 1, 1], [1, 2]),
  ultra: bins([2, 1, 1], [2, 2]),
};

/** One for all names. */
const shortest: Readonly<Record<number, Bins>> = { 4: bins([2, 1], [1]), 6: bins([3, 1], [2]) };

/** Whether there are presets for a number of steps: for 4, for 6, and from 8 on. */
export function hasPreset(steps: number): boolean {
  return steps >= 8 || steps in shortest;
}

/** A preset's mask for a number of steps that has one. Its last step is computed. */
export function presetMask(name: PresetName, steps: number): number[] {
  const mask = maskOf(presetBins(name, steps), steps);
  mask[steps - 1] = 1;
  return mask;
}

/** Runs of ones and zeros in turn, cut off at `steps`. */
export function maskOf({ compute, cache }: Bins, steps: number): number[] {
  const runs = Array.from({ length: Math.max(compute.length, cache.length) }, (_, i) => [
    ...Array<number>(compute[i] ?? 0).fill(1),
    ...Array<number>(cache[i] ?? 0).fill(0),
  ]).flat();
  return runs.slice(0, steps);
}

function presetBins(name: PresetName, steps: number): Bins {
  if (steps < 8) return shortest[steps]!;
  if (steps === 8) return eight[name];
  if (steps === 9) return nine[name];
  if (steps < 16) return trimmed(short[name], steps);
  return trimmed(steps > baseSteps ? grown(base[name], steps) : base[name], steps);
}

/** Takes steps off the last cache bin and the last compute bin in turn. */
function trimmed({ compute, cache }: Bins, steps: number): Bins {
  const bins = { compute: [...compute], cache: [...cache] };
  for (let turn = 0; lengthOf(bins) > steps; turn++) {
    const list = turn % 2 === 0 ? bins.cache : bins.compute;
    if (list.length > 0 && --list[list.length - 1]! === 0) list.pop();
  }
  return bins;
}

/** Grows the bins in rounds, each in proportion to its first size, until they cover the steps. */
function grown(first: Bins, steps: number): Bins {
  const bins = { compute: [...first.compute], cache: [...first.cache] };
  const growth = (size: number): number => Math.max(Math.trunc(size * ((steps / baseSteps) * 0.5)), 1);
  while (true) {
    for (let i = 0; i < first.cache.length; i++) {
      for (const kind of ["compute", "cache"] as const) {
        bins[kind][i]! += growth(first[kind][i]!);
        if (lengthOf(bins) >= steps) return bins;
      }
    }
    bins.compute[bins.compute.length - 1]! += 1;
    if (lengthOf(bins) >= steps) return bins;
  }
}

function lengthOf({ compute, cache }: Bins): number {
  return [...compute, ...cache].reduce((sum, size) => sum + size, 0);
}
