import { choice, flag, integer } from "../schema/option";
import { threshold, thresholdSchemas } from "./clip";
import { defineScheduler } from "./define-scheduler";
import { dpmSolverStep, drawn, multistepTerms, solverTypeSchema } from "./dpm-solver-step";
import { edmImage, edmSampler, edmSchedule, edmSchemas } from "./edm";
import { lambdaOf } from "./log-snr-step";
import { multistepOrder } from "./multistep-order";
import type { Call } from "./sampler";
import { weightedSum } from "./weighted-sum";

/**
 * DPM-Solver++ (https://arxiv.org/abs/2211.01095) for EDM models, https://arxiv.org/abs/2206.00364; Playground 2.5 has it.
 *
 * | here    | paper   | is                                             |
 * | ------- | ------- | ---------------------------------------------- |
 * | sigma   | sigma   | noise level: sample = image + sigma noise      |
 * | lambda  | lambda  | minus the logarithm of sigma                   |
 * | outputs | x_theta | last predicted images, newest first            |
 */
export const edmDpmSolverMultistep = defineScheduler({
  className: "EDMDPMSolverMultistepScheduler",
  processes: ["variance-exploding"],
  options: {
    ...edmSchemas,
    ...thresholdSchemas,
    solver_order: integer(2, { minimum: 1, maximum: 3 }),
    // `deis` is read as `dpmsolver++`.
    algorithm_type: choice("dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "deis"]),
    solver_type: solverTypeSchema(),
    lower_order_final: flag(true, "Lower the order of the last steps."),
    euler_at_final: flag(false, "Order 1 for the last step."),
  },
  create(options, schedule) {
    const { algorithm_type, solver_order, solver_type, thresholding } = options;
    const isStochastic = algorithm_type === "sde-dpmsolver++";
    if (isStochastic && solver_order === 3)
      throw schedule.conflict(["algorithm_type", "solver_order"], "sde-dpmsolver++ goes up to order 2.");
    const sampler = edmSampler(
      options,
      edmSchedule(options, schedule, () => options.sigma_min),
    );
    const { timesteps, sigmas, mixture } = sampler;
    let outputs: Float32Array[] = [];
    const predictedImage = (call: Call): Float32Array => {
      const image = edmImage(options, sigmas[call.index]!, call);
      return thresholding ? threshold(options, image, call.batch) : image;
    };
    return {
      ...sampler,
      predictedImage,
      step(call) {
        const { index, sample } = call;
        outputs = [predictedImage(call), ...outputs].slice(0, solver_order);
        const noise = isStochastic ? call.noise() : undefined;
        const step = dpmSolverStep(mixture(index), mixture(index + 1), "image", isStochastic);
        if (step.h === 0) return sample;
        const order = multistepOrder(options, index, timesteps.length, outputs.length);
        const distance = (at: number) => () => (lambdaOf(mixture(at)) - lambdaOf(mixture(at - 1))) / step.h;
        const change = multistepTerms(step, order, solver_type, outputs, distance(index), distance(index - 1));
        return weightedSum([step.keep, sample], ...change, ...drawn(step, noise));
      },
    };
  },
});
