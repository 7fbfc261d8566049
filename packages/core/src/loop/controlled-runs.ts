import type { Run } from "../hooks";

/** The runs of a generation by guidance branch. */
export type Runs = Readonly<Record<Run["branch"], Run>>;

/**
 * The runs of a generation, begun anew at the step where a ControlNet begins or ceases to steer it: what plugins remember
 * of the steps before was computed from something else, and they need not know of such nets.
 */
export class ControlledRuns {
  private latest: { readonly runs: Runs; readonly steering: string } | undefined;

  constructor(private readonly begin: () => Runs) {}

  /** @param control strength of each net at the step, 0 for one that does not run */
  at(control: readonly number[]): Runs {
    const steering = control.map((strength) => strength !== 0).join();
    if (this.latest?.steering !== steering) this.latest = { runs: this.begin(), steering };
    return this.latest.runs;
  }
}
