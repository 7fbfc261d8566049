import { floats } from "@skipstep/core/model";
import type { Run, Step } from "@skipstep/core/plugin";

/** A run of a generation that nobody makes. */
export function madeRun(count: number, branch: Run["branch"] = "batch"): Run {
  const runs = {} as Record<Run["branch"], Run>;
  const generation = { runs, scheduler: { type: "NoScheduler", options: {} }, mu: undefined };
  for (const each of ["batch", "cond", "uncond"] as const) runs[each] = { branch: each, count, generation };
  return runs[branch];
}

/** A step of a run, without prompt and guidance. */
export function madeStep(run: Run, index: number, facts: Partial<Step> = {}): Step {
  const { count } = run;
  const nothing = { timestep: 0, sigma: 0, latents: floats([1]), guidanceScale: 0, prompts: [], height: 8, width: 8 };
  return { run, index, count, ...nothing, ...facts };
}
