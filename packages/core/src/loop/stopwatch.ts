import type { OpenedComponent } from "../program/opened-component";
import type { Report } from "../report/report";

type Seconds = Report["seconds"];

/** Where the time of one generation goes. */
export class Stopwatch {
  private readonly start = performance.now();
  private readonly phases = new Map<string, number>();
  /** Seconds of each segment before the generation. */
  private readonly before: ReadonlyMap<string, number>;

  /** @param spent on the same generation before, which counts, too */
  constructor(
    private readonly models: readonly OpenedComponent[],
    private readonly spent: readonly Seconds[] = [],
  ) {
    this.before = segmentSeconds(models);
  }

  /** Times a phase; phases of one name add up. */
  async time<Result>(phase: string, body: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    try {
      return await body();
    } finally {
      this.phases.set(phase, (this.phases.get(phase) ?? 0) + (performance.now() - start) / 1000);
    }
  }

  seconds(): Seconds {
    const segments = [...segmentSeconds(this.models)].map(([name, seconds]) => [
      name,
      seconds - this.before.get(name)!,
    ]);
    const components = this.models.map(({ name }) => [name, sum(segments, `${name}/`)]);
    const own = {
      total: (performance.now() - this.start) / 1000,
      phases: Object.fromEntries(this.phases),
      components: Object.fromEntries(components),
      segments: Object.fromEntries(segments),
    };
    return [...this.spent, own].reduce(added);
  }
}

function added(one: Seconds, other: Seconds): Seconds {
  const each = (a: Readonly<Record<string, number>>, b: typeof a): Record<string, number> => {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
  };
  return {
    total: one.total + other.total,
    phases: each(one.phases, other.phases),
    components: each(one.components, other.components),
    segments: each(one.segments, other.segments),
  };
}

function segmentSeconds(models: readonly OpenedComponent[]): ReadonlyMap<string, number> {
  return new Map(
    models.flatMap(({ name, program }) =>
      program.seconds.map((seconds, index): [string, number] => [`${name}/${index}`, seconds]),
    ),
  );
}

function sum(segments: readonly (readonly (string | number)[])[], prefix: string): number {
  return segments.reduce(
    (total, [name, seconds]) => total + (String(name).startsWith(prefix) ? Number(seconds) : 0),
    0,
  );
}
