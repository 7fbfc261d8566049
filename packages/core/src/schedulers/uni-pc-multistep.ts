import { choice, flag, list, optionalNumber } from "../schema/option";
import { defineScheduler } from "./define-scheduler";
import { lambdaSolver } from "./lambda-solver";
import { logSnrStep } from "./log-snr-step";
import { solveLinear } from "./solve-linear";
import { solverSchemas } from "./solver-options";
import { trainingSigmasOf } from "./training-sigmas";
import { uniPcSchedule } from "./uni-pc-schedule";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

const { fround } = Math;

/** Where another prediction lies: how far from this step's start in units of its h, and what it is. */
type Node = readonly [r: number, prediction: Float32Array];

/**
 * UniPC, https://arxiv.org/abs/2302.04867: the predictor (algorithm 2) makes a step from earlier predictions; once the
 * model has seen where it led, the corrector (algorithm 1) makes it again.
 *
 * | here    | paper     | is                                           |
 * | ------- | --------- | -------------------------------------------- |
 * | lambda  | lambda    | half the logarithm of signal over noise      |
 * | outputs | x_theta   | last predictions, newest first               |
 * | nodes   | r_m, D_m  | where the others lie, and what they are      |
 * | weights | a_m       | of their differences to the newest           |
 */
export const uniPcMultistep = defineScheduler({
  className: "UniPCMultistepScheduler",
  processes: ["variance-preserving", "flow"],
  options: {
    ...solverSchemas(),
    predict_x0: flag(true, "Work with predicted images instead of predicted noise."),
    // `bh1` is h, `bh2` is exp(h) - 1. Other solvers' types are read as `bh2`.
    solver_type: choice("bh2", ["bh1", "bh2", "midpoint", "heun", "logrho"], "B(h) of the paper."),
    // Indices of steps whose result is not corrected.
    disable_corrector: list([] as readonly number[], { type: "integer" }),
    // Another scheduler as the predictor is not supported.
    solver_p: { type: "null", default: null },
    sigma_min: optionalNumber(null, { exclusiveMinimum: 0 }),
    sigma_max: optionalNumber(null, { exclusiveMinimum: 0 }),
    shift_terminal: optionalNumber(null, {
      minimum: 0,
      maximum: 1,
      description: "Noise level of the last model call.",
    }),
  },
  create(options, schedule) {
    const { predict_x0, lower_order_final, solver_order, solver_type, disable_corrector } = options;
    const predicts = predict_x0 ? "image" : "noise";
    if (options.final_sigmas_type === "zero") {
      const reason = "a step to no noise has an infinite h; set final_sigmas_type to sigma_min.";
      if (!predict_x0) throw schedule.conflict(["predict_x0", "final_sigmas_type"], reason);
      if (!lower_order_final && Math.min(solver_order, schedule.num_inference_steps) > 1)
        throw schedule.conflict(["lower_order_final", "final_sigmas_type"], reason);
    }
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    // The reference thresholds images only.
    const predictedOptions = predict_x0 ? options : { ...options, thresholding: false };
    const spaced = uniPcSchedule(options, table, schedule);
    const { sampler, mixture, lambda, predicted } = lambdaSolver(predictedOptions, predicts, spaced);
    let outputs: Float32Array[] = [];
    /** Where the last step began, and its order. */
    let last: { readonly sample: Float32Array; readonly order: number } | undefined;

    /** Predictions before the newest, for a step that starts at `index`. */
    const nodesOf = (index: number, order: number): Node[] => {
      const h = fround(lambda(index + 1) - lambda(index));
      const place = (at: number): number => fround(fround(lambda(at) - lambda(index)) / h);
      return outputs.slice(1, order).map((prediction, i): Node => [place(index - i - 1), prediction]);
    };
    /** Formulas 3 (predictor) and 8 (corrector). */
    const move = (sample: Float32Array, index: number, nodes: readonly Node[]): Float32Array => {
      const { h, keep, gain, z } = logSnrStep(mixture(index), mixture(index + 1), predicts);
      if (h === 0) return sample;
      const newest = outputs[0]!;
      const phi = fround(Math.expm1(z));
      const b = solver_type === "bh1" ? z : phi;
      const places = nodes.map(([r]) => r);
      const weights = differenceWeights(places, z, b);
      const terms = nodes.map(([r, prediction], i): Term => {
        return [-gain * b * weights[i]!, weightedSumOver(r, [1, prediction], [-1, newest])];
      });
      return weightedSum([keep, sample], [-gain * phi, newest], ...terms);
    };
    return {
      ...sampler,
      step(call) {
        const { index, sample } = call;
        const output = predicted(call);
        const start =
          last === undefined || disable_corrector.includes(index - 1)
            ? sample
            : move(last.sample, index - 1, [...nodesOf(index - 1, last.order), [1, output]]);

        outputs = [output, ...outputs].slice(0, solver_order);
        const most = lower_order_final ? Math.min(solver_order, sampler.timesteps.length - index) : solver_order;
        const order = Math.min(most, outputs.length);
        last = { sample: start, order };
        return move(start, index, nodesOf(index, order));
      },
    };
  },
});

/** Weights with which the differences integrate polynomials exactly: theorem 3.1's `R a = phi / B`. One gets 1/2. */
function differenceWeights(nodes: readonly number[], z: number, b: number): readonly number[] {
  if (nodes.length === 1) return [0.5];
  const rows: number[][] = [];
  const right: number[] = [];
  // In float32 as the reference: of a short step, its rounding is most of what the later ones are.
  let phi = fround(fround(fround(Math.expm1(z)) / z) - 1);
  let factorial = 1;
  for (let i = 1; i <= nodes.length; i++) {
    rows.push(nodes.map((r) => r ** (i - 1)));
    right.push(fround(fround(phi * factorial) / b));
    factorial *= i + 1;
    phi = fround(fround(phi / z) - fround(1 / factorial));
  }
  return solveLinear(rows, right);
}
