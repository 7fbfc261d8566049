import type { Generation, Run } from "../hooks";

/** A run for each branch. */
type Runs = Generation["runs"];

/**
 * The runs of a generation. New ones begin at the step where a ControlNet begins or ceases to steer: what plugins
 * remember of the steps before was computed from something else, and they need not know of such nets.
 */
export class ControlledRuns {
  private latest: { readonly runs: Runs; readonly steering: string } | undefined;

  /** @param count denoising steps of the generation @param scheduling what plugins are told of how it is stepped */
  constructor(
    private readonly count: number,
    private readonly scheduling: Omit<Generation, "runs">,
  ) {}

  /** @param control strength of each net at the step, 0 for one that does not run */
  at(control: readonly number[]): Runs {
    const steering = control.map((strength) => strength !== 0).join();
    if (this.latest?.steering !== steering) this.latest = { runs: this.begun(), steering };
    return this.latest.runs;
  }

  private begun(): Runs {
    const runs = {} as Record<Run["branch"], Run>;
    const generation = { runs, ...this.scheduling };
    for (const branch of ["batch", "cond", "uncond"] as const) runs[branch] = { branch, count: this.count, generation };
    return runs;
  }
}
