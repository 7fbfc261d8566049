import { choice, flag, without } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { dpmSolverSchedule, lambdaMinSchema } from "./dpm-solver-schedule";
import { dpmSolverStep, drawn, singlestepTerms, solverTypeSchema } from "./dpm-solver-step";
import { exponentialShiftSchema } from "./flow-shift";
import { lambdaSolver } from "./lambda-solver";
import { type SolverOptions, solverSchemas } from "./solver-options";
import { trainingSigmasOf } from "./training-sigmas";
import { weightedSum } from "./weighted-sum";

const { fround } = Math;

/**
 * DPM-Solver (https://arxiv.org/abs/2206.00927) and DPM-Solver++ (https://arxiv.org/abs/2211.01095) as single steps: one
 * of order n takes n calls, each of which goes on from where the step began.
 *
 * | here    | paper          | is                                                       |
 * | ------- | -------------- | -------------------------------------------------------- |
 * | lambda  | lambda         | half the logarithm of signal over noise                  |
 * | outputs | x_theta or eps | predictions of this step, newest first                   |
 * | start   | x_s            | the sample where the step began                          |
 */
export const dpmSolverSinglestep = defineScheduler({
  className: "DPMSolverSinglestepScheduler",
  processes: ["variance-preserving", "flow"],
  options: {
    ...without(solverSchemas(3), "timestep_spacing", "steps_offset", "rescale_betas_zero_snr"),
    time_shift_type: exponentialShiftSchema,
    // `++` works with predicted images, the other with predicted noise; `sde` draws noise. `deis` is `dpmsolver++`.
    algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "dpmsolver", "deis"]),
    solver_type: solverTypeSchema("Solver of orders 2 and 3."),
    lower_order_final: flag(false, "Lower the order of the last steps."),
    // A variance that the model predicts is not used.
    variance_type: { type: ["string", "null"], default: null },
    lambda_min_clipped: lambdaMinSchema,
  },
  create(options, schedule) {
    const { algorithm_type, solver_order, solver_type, final_sigmas_type } = options;
    const isStochastic = algorithm_type.startsWith("sde");
    const predicts = algorithm_type === "dpmsolver" ? "noise" : "image";
    if (predicts === "noise" && final_sigmas_type === "zero")
      throw schedule.conflict(["algorithm_type", "final_sigmas_type"], "set the latter to sigma_min.");
    if (predicts === "noise" && options.thresholding)
      throw schedule.conflict(["algorithm_type", "thresholding"], "set the former to dpmsolver++."); // fails there
    const table = trainingSigmasOf(options);
    const spacing = { timestep_spacing: "linspace", steps_offset: 0, use_lu_lambdas: false } as const;
    const { timesteps, sigmas: levels } = dpmSolverSchedule({ ...options, ...spacing }, table, schedule);
    const sigmas = Float32Array.of(...levels, final_sigmas_type === "sigma_min" ? table[0]! : 0);
    const { sampler, mixture, lambda, predicted } = lambdaSolver(options, predicts, { timesteps, sigmas });
    const orders = ordersOf(options, timesteps.length);
    let outputs: Float32Array[] = [];
    let start: Float32Array = new Float32Array();
    return {
      ...sampler,
      step(call) {
        const { index, sample } = call;
        outputs = [predicted(call), ...outputs].slice(0, solver_order);
        const noise = isStochastic ? call.noise() : undefined;
        // Image-to-image may begin in the middle of a step.
        const order = Math.min(orders[index]!, outputs.length);
        if (order === 1) start = sample;
        const base = index - order + 1;
        const step = dpmSolverStep(mixture(base), mixture(index + 1), predicts, isStochastic);
        if (step.h === 0) return start;
        /** From the step's start to a call, in units of h. */
        const place = (at: number): number => fround(fround(lambda(at) - lambda(base)) / step.h);
        const change = singlestepTerms(
          step,
          order,
          solver_type,
          outputs,
          () => place(index),
          () => place(base + 1),
        );
        return weightedSum([step.keep, start], ...change, ...drawn(step, noise));
      },
    };
  },
});

/**
 * Which of a step's calls each call is: 1, 2, 3, 1, 2, 3, ... The last one begins a step of its own where the schedule ends
 * without noise, and with `lower_order_final` where steps come out even.
 */
function ordersOf(
  {
    solver_order,
    lower_order_final,
    final_sigmas_type,
  }: Pick<SolverOptions, "solver_order" | "lower_order_final" | "final_sigmas_type">,
  calls: number,
): number[] {
  const orders = Array.from({ length: calls }, (_, i) => (i % solver_order) + 1);
  const isLower = lower_order_final && calls % solver_order === 0;
  if (isLower || final_sigmas_type === "zero") orders[calls - 1] = 1;
  return orders;
}
