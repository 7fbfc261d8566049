/**
 * Random numbers from a seed: the same mutations every time. Mulberry32, public domain,
 * https://gist.github.com/tommyettinger/46a874533244883189143505d203312c.
 */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** 0 or more, below `end`. */
  below(end: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  chance(share: number): boolean {
    return this.below(2 ** 20) < share * 2 ** 20;
  }

  pick<Entry>(entries: readonly Entry[]): Entry {
    return entries[this.below(entries.length)]!;
  }

  /** 1 most of the time, seldom more. */
  few(): number {
    let count = 1;
    while (count < 8 && this.chance(0.3)) count++;
    return count;
  }
}
