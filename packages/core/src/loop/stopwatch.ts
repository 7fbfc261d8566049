import type { OpenedComponent } from "../program/opened-component";
import type { Report } from "../report/report";

/** Where the time of one generation goes. */
export class Stopwatch {
  private readonly start = performance.now();
  private readonly phases = new Map<string, number>();
  /** Seconds of each segment before the generation. */
  private readonly before: ReadonlyMap<string, number>;

  constructor(private readonly models: readonly OpenedComponent[]) {
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

  seconds(): Report["seconds"] {
    const segments = [...segmentSeconds(this.models)].map(([name, seconds]) => [
      name,
      seconds - this.before.get(name)!,
    ]);
    const components = this.models.map(({ name }) => [name, sum(segments, `${name}/`)]);
    return {
      total: (performance.now() - this.start) / 1000,
      phases: Object.fromEntries(this.phases),
      components: Object.fromEntries(components),
      segments: Object.fromEntries(segments),
    };
  }
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
