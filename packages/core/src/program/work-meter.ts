import type { BoundPlan } from "./bound-plan";

/** The work that lies inside a region, at the sizes of one pass. */
export interface RegionWork {
  readonly flops: number;
  /** Segments that the region consists of, other regions inside it included. */
  readonly segments: readonly number[];
  readonly bound: BoundPlan;
}

/** Follows the passes over one model through a generation: the work that there was, and how long its parts took. */
export class WorkMeter {
  /** FLOPs of all passes, had nothing been skipped. */
  flops = 0;
  /** Of all passes, from their inputs to their outputs, with everything that plugins did on the way. */
  seconds = 0;
  /** Seconds in ONNX Runtime of each run, by sizes and segment. */
  private readonly runs = new Map<BoundPlan, number[][]>();

  /** Times a pass. */
  async time<Result>(pass: () => Promise<Result>): Promise<Result> {
    const start = performance.now();
    const result = await pass();
    this.seconds += (performance.now() - start) / 1000;
    return result;
  }

  /** Work that a pass has to do. */
  add(flops: number): void {
    this.flops += flops;
  }

  ran(bound: BoundPlan, segment: number, seconds: number): void {
    const segments = this.runs.get(bound) ?? bound.flops.map(() => []);
    this.runs.set(bound, segments);
    segments[segment]!.push(seconds);
  }

  /** What computing a region takes, by its segments' medians where they ran at these sizes. 0 where none ever did. */
  secondsOf({ segments, bound }: RegionWork): number {
    const runs = this.runs.get(bound);
    return segments.reduce((sum, segment) => sum + median(runs?.[segment] ?? []), 0);
  }
}

/** Not the mean: the first run of a segment is slower than all others. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
