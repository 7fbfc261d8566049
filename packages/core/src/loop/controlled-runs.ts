import type { Run } from "../hooks";

/**
 * The runs of a generation. A guidance branch begins a new one at the step where a ControlNet begins or ceases to steer
 * it: what plugins remember of the steps before was computed from something else, and they need not know of such nets.
 */
export class ControlledRuns {
  private readonly latest = new Map<Run["branch"], { readonly run: Run; readonly steering: string }>();

  /** @param count denoising steps of the generation */
  constructor(private readonly count: number) {}

  /** @param control strength of each net at the step, 0 for one that does not run */
  of(branch: Run["branch"], control: readonly number[]): Run {
    const steering = control.map((strength) => strength !== 0).join();
    const known = this.latest.get(branch);
    if (known?.steering === steering) return known.run;
    const run: Run = { branch, count: this.count };
    this.latest.set(branch, { run, steering });
    return run;
  }
}
