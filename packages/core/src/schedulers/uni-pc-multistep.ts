import { schedulerOptionsConflict } from "../errors/schedulers";
import { choice, flag, optionalNumber, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { lambdaOf, logSnrStep, mixtureAt } from "./log-snr-step";
import type { Mixture } from "./prediction";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";
import { solveLinear } from "./solve-linear";
import { solverSchemas } from "./solver-options";
import { solverPrediction } from "./solver-prediction";
import { trainingSigmasOf } from "./training-sigmas";
import { type UniPcScheduleOptions, uniPcSchedule } from "./uni-pc-schedule";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

export interface UniPcMultistepOptions extends UniPcScheduleOptions {
  /** Work with predicted images instead of predicted noise. */
  predict_x0: boolean;
  /** B(h): `bh1` is h, `bh2` is exp(h) - 1. Other solvers' types are read as `bh2`. */
  solver_type: "bh1" | "bh2" | "midpoint" | "heun" | "logrho";
  /** Indices of steps whose result is not corrected. */
  disable_corrector: readonly number[];
  /** Another scheduler as the predictor is not supported. */
  solver_p: null;
}

export const uniPcMultistepSchema = optionsSchema<UniPcMultistepOptions>({
  ...solverSchemas(),
  predict_x0: flag(true, "Work with predicted images instead of predicted noise."),
  solver_type: choice("bh2", ["bh1", "bh2", "midpoint", "heun", "logrho"], "B(h) of the paper."),
  disable_corrector: { type: "array", items: { type: "integer" }, default: [] },
  solver_p: { type: "null", default: null },
  sigma_min: optionalNumber(null, { exclusiveMinimum: 0 }),
  sigma_max: optionalNumber(null, { exclusiveMinimum: 0 }),
  shift_terminal: optionalNumber(null, { minimum: 0, maximum: 1, description: "Noise level of the last model call." }),
});

const { fround } = Math;
const name = "UniPCMultistepScheduler";

/** Where another prediction lies: how far from this step's start in units of its h, and what it is. */
interface Node {
  readonly r: number;
  readonly prediction: Float32Array;
}

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
export class UniPCMultistepScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly predicts: "image" | "noise";
  private outputs: Float32Array[] = [];
  /** Where the last step began, and its order. */
  private last: { readonly sample: Float32Array; readonly order: number } | undefined;

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: UniPcMultistepOptions,
    schedule: Schedule,
  ) {
    const { predict_x0, lower_order_final, solver_order } = options;
    this.predicts = predict_x0 ? "image" : "noise";
    if (options.final_sigmas_type === "zero") {
      const reason = "a step to no noise has an infinite h; set final_sigmas_type to sigma_min.";
      if (!predict_x0) throw schedulerOptionsConflict(name, ["predict_x0", "final_sigmas_type"], reason);
      if (!lower_order_final && Math.min(solver_order, schedule.num_inference_steps) > 1) {
        throw schedulerOptionsConflict(name, ["lower_order_final", "final_sigmas_type"], reason);
      }
    }
    const table = trainingSigmasOf(options, options.rescale_betas_zero_snr);
    const { timesteps, sigmas } = uniPcSchedule(name, options, table, schedule);
    this.timesteps = timesteps;
    this.sigmas = sigmas;
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const { solver_order, lower_order_final, predict_x0, disable_corrector } = this.options;
    // The reference thresholds images only.
    const options = predict_x0 ? this.options : { ...this.options, thresholding: false };
    const output = solverPrediction(options, this.predicts, this.sigmas[index]!, sample, modelOutput);
    const start =
      this.last === undefined || disable_corrector.includes(index - 1)
        ? sample.data
        : this.move(this.last.sample, index - 1, [
            ...this.nodes(index - 1, this.last.order),
            { r: 1, prediction: output },
          ]);

    this.outputs = [output, ...this.outputs].slice(0, solver_order);
    const most = lower_order_final ? Math.min(solver_order, this.timesteps.length - index) : solver_order;
    const order = Math.min(most, this.outputs.length);
    this.last = { sample: start, order };
    return floats(sample.shape, this.move(start, index, this.nodes(index, order)));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(this.mixture(index), original, noise);
  }

  /** Predictions before the newest, for a step that starts at `index`. */
  private nodes(index: number, order: number): Node[] {
    const h = fround(this.lambda(index + 1) - this.lambda(index));
    return this.outputs
      .slice(1, order)
      .map((prediction, i) => ({ r: fround(fround(this.lambda(index - i - 1) - this.lambda(index)) / h), prediction }));
  }

  /** Formulas 3 (predictor) and 8 (corrector). */
  private move(sample: Float32Array, index: number, nodes: readonly Node[]): Float32Array {
    const { h, keep, gain, z } = logSnrStep(this.mixture(index), this.mixture(index + 1), this.predicts);
    if (h === 0) return sample;
    const newest = this.outputs[0]!;
    const phi = fround(Math.expm1(z));
    const b = this.options.solver_type === "bh1" ? z : phi;
    const weights = differenceWeights(
      nodes.map(({ r }) => r),
      z,
      b,
    );
    const terms = nodes.map(({ r, prediction }, i): Term => {
      return [-gain * b * weights[i]!, weightedSumOver(r, [1, prediction], [-1, newest])];
    });
    return weightedSum([keep, sample], [-gain * phi, newest], ...terms);
  }

  private lambda(index: number): number {
    return lambdaOf(this.mixture(index));
  }

  private mixture(index: number): Mixture {
    return mixtureAt(this.sigmas[index]!, this.options.use_flow_sigmas);
  }
}

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

export const uniPcMultistep = defineScheduler("UniPCMultistepScheduler", uniPcMultistepSchema, UniPCMultistepScheduler);
