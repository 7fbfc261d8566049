import { ownSchedulers } from "./own-schedulers";
import type { Schedulers } from "./registry";

/** Of schedulers for diffusion, those that diffusers does not take for one another. */
const strangers: readonly string[] = ["EDMDPMSolverMultistepScheduler", "LCMScheduler", "TCDScheduler"];

/**
 * Classes that diffusers takes for one another: each ignores what only the others know without a word, since their
 * configs are written over one another's (`KarrasDiffusionSchedulers` there, which counts EDMEulerScheduler in).
 */
const compatible: readonly string[] = ownSchedulers
  .filter(({ processes }) => processes.some((process) => process.startsWith("variance-")))
  .map(({ className }) => className)
  .filter((className) => !strangers.includes(className));

/** Options that are in no file of diffusers': arguments of its pipelines. */
const notInFiles: readonly string[] = ["eta", "use_clipped_model_output"];

/** Of DPMSolverSDEScheduler, which diffusers counts among the compatible ones and Skipstep lacks. */
const others: readonly string[] = ["noise_sampler_seed"];

/** Options that a scheduler_config.json may give this class; none for one that is unknown. */
export function fileOptions(schedulers: Schedulers, className: string): ReadonlySet<string> {
  return new Set(schedulers.optionNames(className).filter((key) => !notInFiles.includes(key)));
}

/** Options that mean nothing to this class and may stand in its file all the same. */
export function compatibleOptions(schedulers: Schedulers, className: string): ReadonlySet<string> {
  // EDM's own class takes nobody's leftovers, though others take its.
  if (!compatible.includes(className) || className === "EDMEulerScheduler") return new Set();
  return new Set([...compatible.flatMap((other) => [...fileOptions(schedulers, other)]), ...others]);
}
