import { lambdaOf, mixtureAt } from "./log-snr-step";
import type { Mixture } from "./prediction";
import type { Call } from "./sampler";
import type { SigmaSchedule } from "./sigma-schedule";
import { type PredictedOptions, solverPrediction } from "./solver-prediction";

/**
 * What solvers share that move along lambda, half the logarithm of signal over noise: DPM-Solver, UniPC and DEIS.
 *
 * @param predicts what the solver takes as constant along a step
 */
export function lambdaSolver(
  options: PredictedOptions,
  predicts: "image" | "noise",
  { timesteps, sigmas }: SigmaSchedule,
) {
  const mixture = (index: number): Mixture => mixtureAt(sigmas[index]!, options.use_flow_sigmas);
  return {
    sampler: { timesteps, sigmas, mixture },
    mixture,
    lambda: (index: number): number => lambdaOf(mixture(index)),
    /** What a call's output implies. */
    predicted: (call: Call): Float32Array => solverPrediction(options, predicts, sigmas[call.index]!, call),
  };
}
