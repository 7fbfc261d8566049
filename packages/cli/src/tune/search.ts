import type { Position } from "./setting";

/** How many values each knob has, the one that matters most first, and where to begin. */
export interface SearchSpace {
  readonly sizes: readonly number[];
  readonly start: Position;
}

export interface SearchRules<Trial> {
  /** Most positions that are measured. */
  readonly trials: number;
  /** @returns `undefined` for a position that there is not on this model */
  measure(position: Position, number: number): Promise<Trial | undefined>;
  /** Whether what is looked for lies at more careful settings. */
  isBeyond(trial: Trial): boolean;
  /** The best so far, or what comes closest to it. */
  leader(trials: readonly Trial[]): Trial | undefined;
}

/**
 * Looks for the border between settings that are careful enough and those that are too bold, with few measurements. The
 * first knob is bisected, as quality falls and speed grows along it. Then each other knob is moved from where the leader
 * stands, and the first one bisected near the place where the border was, as long as that finds a better one. Moves of
 * knobs with many values, such as another plugin's first, begin with a quarter of them and are halved down to one.
 */
export async function search<Trial extends { readonly position: Position }>(
  { sizes, start }: SearchSpace,
  { trials, measure, isBeyond, leader }: SearchRules<Trial>,
): Promise<Trial[]> {
  const known = new Map<string, Trial | undefined>();
  const measured: Trial[] = [];

  const visit = async (position: Position): Promise<Trial | undefined> => {
    const key = position.join();
    if (known.has(key) || measured.length >= trials) return known.get(key);
    const trial = await measure(position, measured.length + 1);
    known.set(key, trial);
    if (trial) measured.push(trial);
    return trial;
  };

  /** @param low careful enough, as far as is known @param high too bold */
  const bisect = async (position: Position, low: number, high: number): Promise<void> => {
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      const trial = await visit(position.with(0, middle));
      if (!trial) return;
      if (isBeyond(trial)) high = middle;
      else low = middle;
    }
  };

  const size = sizes[0]!;
  const near = Math.ceil(size / 4);
  await bisect(start, -1, size);
  for (let part = Math.max(1, ...sizes.slice(1).map((count) => count >> 2)); part >= 1; part >>= 1)
    for (let before: Trial | undefined; before !== leader(measured) && measured.length < trials; ) {
      before = leader(measured);
      for (let knob = 1; knob < sizes.length; knob++)
        for (const move of [1, -1]) {
          const stride = Math.max(1, Math.min(part, sizes[knob]! >> 2));
          const from = leader(measured)?.position ?? start;
          const value = from[knob]! + move * stride;
          if (value < 0 || value >= sizes[knob]!) continue;
          const reach = stride === 1 ? near : size;
          const [low, high] =
            move > 0
              ? [Math.max(-1, from[0]! - reach), from[0]! + 1]
              : [from[0]! - 1, Math.min(size, from[0]! + reach)];
          await bisect(from.with(knob, value), low, high);
        }
    }
  return measured;
}
