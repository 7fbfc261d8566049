import type { BoundPlan } from "./bound-plan";

/** The work that lies inside a region, at the sizes of one pass. */
export interface RegionWork {
  readonly flops: number;
  /** Segments that the region consists of, other regions inside it included. */
  readonly segments: readonly number[];
  readonly bound: BoundPlan;
}

/** A pass over the denoiser: one guidance branch, or both in one batch. */
export type PassName = "batch" | "cond" | "uncond";

/** Whole passes that were not made, less those that were made in their place. */
export interface PassWork {
  readonly passes: readonly PassName[];
  readonly instead?: readonly PassName[];
}

/** What plugins skip. */
export type Work = RegionWork | PassWork;

/** Follows the passes over one model through a generation: the work that there was, and how long its parts took. */
export class WorkMeter {
  /** The model at the sizes of its last pass. */
  bound: BoundPlan | undefined;
  /** FLOPs of all passes, had nothing been skipped. */
  flops = 0;
  /** Of all passes, from their inputs to their outputs, with everything that plugins did on the way. */
  seconds = 0;
  /** Seconds in ONNX Runtime of each run, by sizes and segment. */
  private readonly runs = new Map<BoundPlan, number[][]>();
  /** FLOPs and seconds of each pass that was made. */
  private readonly passes: Record<PassName, { readonly flops: number[]; readonly seconds: number[] }> = {
    batch: { flops: [], seconds: [] },
    cond: { flops: [], seconds: [] },
    uncond: { flops: [], seconds: [] },
  };

  /** Times a pass. */
  async time<Result>(pass: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    const result = await pass();
    this.seconds += (performance.now() - start) / 1000;
    return result;
  }

  /** Makes a pass, which is timed without what stands around it. */
  async pass<Result>(name: PassName, body: () => Promise<Result>): Promise<Result> {
    const [start, flops] = [performance.now(), this.flops];
    const result = await body();
    this.passes[name].seconds.push((performance.now() - start) / 1000);
    this.passes[name].flops.push(this.flops - flops);
    return result;
  }

  /** Work that a pass has to do. */
  add(flops: number, bound = this.bound): void {
    this.bound = bound;
    this.flops += flops;
  }

  ran(bound: BoundPlan, segment: number, seconds: number): void {
    const segments = this.runs.get(bound) ?? bound.flops.map(() => []);
    this.runs.set(bound, segments);
    segments[segment]!.push(seconds);
  }

  /**
   * What computing something takes: of a region, by its segments' medians where they ran at these sizes, 0 where none
   * ever did; of passes, by their medians.
   */
  secondsOf(work: Work): number {
    if ("passes" in work) return this.lessInstead(work, (name) => this.costOf(name, "seconds"));
    const runs = this.runs.get(work.bound);
    return work.segments.reduce((sum, segment) => sum + median(runs?.[segment] ?? []), 0);
  }

  flopsOf(work: Work): number {
    return "passes" in work ? this.lessInstead(work, (name) => this.costOf(name, "flops")) : work.flops;
  }

  private lessInstead({ passes, instead = [] }: PassWork, cost: (name: PassName) => number): number {
    const sum = (names: readonly PassName[]): number => names.reduce((total, name) => total + cost(name), 0);
    return sum(passes) - sum(instead);
  }

  /** One that was never made takes what the others take for as many branches. */
  private costOf(name: PassName, unit: "flops" | "seconds"): number {
    // What runs once a generation is in the FLOPs of the pass that it runs in: they are those of the others.
    const usual = unit === "flops" ? least : median;
    const [both, ...single] = (["batch", "cond", "uncond"] as const).map((each) => usual(this.passes[each][unit]));
    const own = usual(this.passes[name][unit]);
    if (own > 0) return own;
    const one = Math.max(...single) || both! / 2;
    return name === "batch" ? 2 * one : one;
  }
}

function least(values: readonly number[]): number {
  return values.length === 0 ? 0 : Math.min(...values);
}

/** Not the mean: the first run of a segment is slower than all others. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
