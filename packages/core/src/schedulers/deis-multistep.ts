import { choice, integer, without } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { dpmSolverSchedule } from "./dpm-solver-schedule";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaSolver } from "./lambda-solver";
import { multistepOrder } from "./multistep-order";
import { type Mixture, predictedNoise } from "./prediction";
import { sigmaSpacing } from "./sigma-spacing";
import { solverSchemas } from "./solver-options";
import { trainingSigmasOf } from "./training-sigmas";
import { type Term, weightedSum } from "./weighted-sum";

const { fround } = Math;
const maxOrder = 3;

/**
 * DEIS, https://arxiv.org/abs/2204.13902, with polynomials in the logarithm of rho (formula 15): Adams-Bashforth for
 * the predicted noise, whose weight in the sample over its signal is rho.
 *
 * | here    | paper | is                                      |
 * | ------- | ----- | --------------------------------------- |
 * | rho     | rho   | noise over signal                       |
 * | outputs | eps   | last predictions of noise, newest first |
 */
export const deisMultistep = defineScheduler({
  className: "DEISMultistepScheduler",
  processes: ["variance-preserving", "flow"],
  options: {
    ...without(solverSchemas(), "final_sigmas_type", "rescale_betas_zero_snr"),
    solver_order: integer(2, { minimum: 1, description: "How many predictions make a step; 3 at most are used." }),
    time_shift_type: exponentialShiftSchema,
    // DPM-Solver's are read as `deis`.
    algorithm_type: choice("deis", ["deis", "dpmsolver", "dpmsolver++"]),
    // Other solvers' types are read as `logrho`.
    solver_type: choice("logrho", ["logrho", "midpoint", "heun", "bh1", "bh2"]),
  },
  create(options, schedule) {
    const table = trainingSigmasOf(options);
    const unused = { use_lu_lambdas: false, lambda_min_clipped: null };
    const { timesteps, sigmas: levels } = dpmSolverSchedule({ ...options, ...unused }, table, schedule, []);
    // With a spacing of levels the last step goes nowhere.
    const isSpaced = options.use_flow_sigmas || sigmaSpacing(schedule, options) !== undefined;
    const sigmas = Float32Array.of(...levels, isSpaced ? levels.at(-1)! : table[0]!);
    const { sampler, mixture, lambda, predicted } = lambdaSolver(options, "image", { timesteps, sigmas });
    const solver_order = Math.min(options.solver_order, maxOrder);
    const rule = { ...options, solver_order, euler_at_final: false, final_sigmas_type: "sigma_min" } as const;
    let outputs: Float32Array[] = [];
    return {
      ...sampler,
      step(call) {
        const { index, sample } = call;
        const [from, to] = [mixture(index), mixture(index + 1)];
        // What is told as a flow is taken as one, even where the levels are a diffusion's.
        const sigma = options.prediction_type === "flow_prediction" ? sigmas[index]! : from.sigma;
        const noise = predictedNoise("sample", { alpha: from.alpha, sigma }, sample, predicted(call));
        outputs = [noise, ...outputs].slice(0, solver_order);
        const order = multistepOrder(rule, index, timesteps.length, outputs.length);
        const kept: Term = [to.alpha / from.alpha, sample];
        if (order === 1) {
          const growth = fround(Math.exp(fround(lambda(index + 1) - lambda(index)))) - 1;
          return weightedSum(kept, [-to.sigma * growth, noise]);
        }
        const rhos = Array.from({ length: order }, (_, i) => rhoOf(mixture(index - i)));
        const terms = rhos.map((_, i): Term => [to.alpha * weightOf(rhos, i, rhoOf(to)), outputs[i]!]);
        return weightedSum(kept, ...terms);
      },
    };
  },
});

function rhoOf({ alpha, sigma }: Mixture): number {
  return sigma / alpha;
}

/**
 * Integral from `rhos[0]` to `end` of the Lagrange polynomial in log rho that is 1 at `rhos[which]` and 0 at the others.
 */
function weightOf(rhos: readonly number[], which: number, end: number): number {
  const own = Math.log(rhos[which]!);
  const others = rhos.filter((_, i) => i !== which).map(Math.log);
  const scale = others.reduce((product, other) => product * (own - other), 1);
  const integral = (rho: number): number => {
    const x = Math.log(rho);
    const [b = 0, c] = others;
    // Of x - b and of (x - b)(x - c), by rho.
    return c === undefined ? rho * (x - 1 - b) : rho * (x * x - 2 * x + 2 - (b + c) * (x - 1) + b * c);
  };
  return (integral(end) - integral(rhos[0]!)) / scale;
}
