import { choice, flag } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { dpmSolverSchedule, lambdaMinSchema } from "./dpm-solver-schedule";
import { dpmSolverStep, drawn, multistepTerms, solverTypeSchema } from "./dpm-solver-step";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaSolver } from "./lambda-solver";
import { multistepOrder } from "./multistep-order";
import { solverSchemas } from "./solver-options";
import { trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

const { fround } = Math;

/**
 * DPM-Solver (https://arxiv.org/abs/2206.00927) and DPM-Solver++ (https://arxiv.org/abs/2211.01095) with the
 * predictions of earlier calls, as ODE or SDE.
 *
 * | here        | paper          | is                                                     |
 * | ----------- | -------------- | ------------------------------------------------------ |
 * | lambda      | lambda         | half the logarithm of signal over noise                |
 * | outputs     | x_theta or eps | last predictions, newest first                         |
 * | slope, bend | D_1, D_2       | their derivatives by lambda, in units of this step's h |
 */
export const dpmSolverMultistep = defineScheduler({
  className: "DPMSolverMultistepScheduler",
  processes: ["variance-preserving", "flow"],
  options: {
    ...solverSchemas(3),
    time_shift_type: exponentialShiftSchema,
    // `++` works with predicted images, the others with predicted noise; `sde` draws noise. `deis` is `dpmsolver++`.
    algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "sde-dpmsolver", "deis"]),
    // Other solvers' types are read as `midpoint`.
    solver_type: solverTypeSchema(),
    euler_at_final: flag(false, "Order 1 for the last step."),
    // A variance that the model predicts is not used.
    variance_type: { type: ["string", "null"], default: null },
    use_lu_lambdas: flag(false, "Space lambda evenly."),
    lambda_min_clipped: lambdaMinSchema,
  },
  create(options, schedule) {
    const { algorithm_type, solver_order, solver_type, final_sigmas_type } = options;
    const isStochastic = algorithm_type.startsWith("sde");
    const predicts = algorithm_type.endsWith("dpmsolver") ? "noise" : "image";
    if (predicts === "noise" && final_sigmas_type === "zero")
      throw schedule.conflict(["algorithm_type", "final_sigmas_type"], "set the latter to sigma_min.");
    if (algorithm_type === "sde-dpmsolver" && solver_order === 3)
      throw schedule.conflict(["algorithm_type", "solver_order"], "sde-dpmsolver goes up to order 2.");
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    const { timesteps, sigmas: levels } = dpmSolverSchedule(options, table, schedule);
    const sigmas = Float32Array.of(...levels, final_sigmas_type === "sigma_min" ? table[0]! : 0);
    const { sampler, mixture, lambda, predicted } = lambdaSolver(options, predicts, { timesteps, sigmas });
    let outputs: Float32Array[] = [];
    return {
      ...sampler,
      step(call) {
        const { index, sample } = call;
        outputs = [predicted(call), ...outputs].slice(0, solver_order);
        const noise = isStochastic ? call.noise() : undefined;
        const step = dpmSolverStep(mixture(index), mixture(index + 1), predicts, isStochastic);
        if (step.h === 0) return sample;
        const order = multistepOrder(options, index, timesteps.length, outputs.length);
        /** From the prediction before to that of a call, in units of h. */
        const distance = (at: number) => () => fround(fround(lambda(at) - lambda(at - 1)) / step.h);
        const change = multistepTerms(step, order, solver_type, outputs, distance(index), distance(index - 1));
        return weightedSum([step.keep, sample], ...change, ...drawn(step, noise));
      },
    };
  },
});
