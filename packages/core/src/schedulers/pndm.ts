import { invalidSchedule } from "../errors/schedulers";
import { roundHalfEven } from "../round-half-even";
import { flag, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { alphasCumprod, type BetaOptions, betaSchemas, linearBetas } from "./betas";
import { defineScheduler } from "./define-scheduler";
import { predictedNoise, predictionSchema } from "./prediction";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { mix, mixtureOf, noiseLevels } from "./signal-level";
import { type SpacingOptions, spaceTimesteps, spacingSchemas } from "./spacing";
import { type Term, weightedSum, weightedSumOver } from "./weighted-sum";

export interface PndmOptions extends BetaOptions, SpacingOptions {
  /** Start with one step in two halves instead of three Runge-Kutta steps of four calls. */
  skip_prk_steps: boolean;
  /** Whether the last step goes to a clean image, or to the noise of timestep 0. */
  set_alpha_to_one: boolean;
  prediction_type: "epsilon" | "v_prediction";
}

export const pndmSchema = optionsSchema<PndmOptions>({
  ...betaSchemas(linearBetas),
  ...spacingSchemas("leading"),
  skip_prk_steps: flag(false, "Start without Runge-Kutta steps, as Stable Diffusion does."),
  set_alpha_to_one: flag(false, "The last step goes to a clean image instead of to timestep 0's noise."),
  prediction_type: predictionSchema(["epsilon", "v_prediction"]),
});

const name = "PNDMScheduler";

/** Weights of the last outputs, newest first: Adams-Bashforth of orders 1 to 4. */
const adamsBashforth = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

/** Weights of the four calls of a Runge-Kutta step. */
const rungeKutta = [1 / 6, 1 / 3, 1 / 3, 1 / 6];

/**
 * PNDM, https://arxiv.org/abs/2202.09778: formula 11 moves along a curve of constant noise, formulas 12 and 13 take
 * the noise from the last four outputs (PLMS) or from four calls (PRK, the first three steps).
 *
 * | here    | paper       | is                                  |
 * | ------- | ----------- | ----------------------------------- |
 * | alpha   | alpha-bar_t | share of the signal's power left    |
 * | outputs | e_t, e_t-d… | last predictions, newest first      |
 */
export class PNDMScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;
  private readonly alphas: Float32Array;
  private readonly stride: number;
  private readonly rungeKuttaCalls: number;
  private outputs: Float32Array[] = [];
  private calls = 0;
  /** Where the current step of several calls began. */
  private start: Float32Array | undefined;
  /** Weighted outputs of a Runge-Kutta step so far. */
  private gathered: Term[] = [];

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(
    private readonly options: PndmOptions,
    schedule: Schedule,
  ) {
    const train = options.num_train_timesteps;
    const steps = inferenceSteps(name, schedule, [], train);
    if (!options.skip_prk_steps && steps < 4) {
      throw invalidSchedule(name, `Runge-Kutta steps need num_inference_steps of at least 4, found ${steps}.`);
    }
    this.alphas = alphasCumprod(options);
    this.stride = Math.floor(train / steps);
    const rising = [...spaceTimesteps(options, train, steps)].map(roundHalfEven).reverse();
    const half = Math.floor(this.stride / 2);
    const prk = options.skip_prk_steps ? [] : rungeKuttaTimesteps(rising.slice(-4), half);
    const plms = options.skip_prk_steps
      ? [...rising.slice(0, -1), ...rising.slice(-2, -1), ...rising.slice(-1)]
      : rising.slice(0, -3);
    this.rungeKuttaCalls = prk.length;
    this.timesteps = Float32Array.from([...prk, ...plms.reverse()]);
    this.sigmas = noiseLevels([...this.timesteps, -1].map((timestep) => this.alphaAt(timestep)));
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const call = this.calls++;
    if (call < this.rungeKuttaCalls && call !== index) {
      throw invalidSchedule(name, "image-to-image cannot start with Runge-Kutta steps. Set skip_prk_steps to true.");
    }
    const moved =
      call < this.rungeKuttaCalls
        ? this.rungeKuttaStep(call, index, sample.data, modelOutput.data)
        : this.multistep(call, index, sample.data, modelOutput.data);
    return floats(sample.shape, moved);
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return mix(mixtureOf(this.alphaAt(this.timesteps[index]!)), original, noise);
  }

  /** Calls 0 and 1 try half a step, call 2 a whole one, and call 3 makes it from all four outputs. */
  private rungeKuttaStep(call: number, index: number, sample: Float32Array, output: Float32Array): Float32Array {
    const phase = call % 4;
    if (phase === 0) {
      this.start = sample;
      this.outputs = [output, ...this.outputs].slice(0, 4);
      this.gathered = [];
    }
    this.gathered.push([rungeKutta[phase]!, output]);
    const used = phase === 3 ? weightedSum(...(this.gathered as [Term, ...Term[]])) : output;
    const ahead = call % 2 === 0 ? Math.floor(this.stride / 2) : 0;
    return this.move(this.start!, this.timesteps[index - phase]!, this.timesteps[index]! - ahead, used);
  }

  private multistep(call: number, index: number, sample: Float32Array, output: Float32Array): Float32Array {
    const timestep = this.timesteps[index]!;
    if (call === 1) {
      // The first step again, with the mean of the outputs at both of its ends.
      const mean = weightedSum([0.5, output], [0.5, this.outputs[0]!]);
      return this.move(this.start ?? sample, timestep + this.stride, timestep, mean);
    }
    this.outputs = [output, ...this.outputs].slice(0, 4);
    if (call === 0) this.start = sample;
    const weights = adamsBashforth[this.outputs.length - 1]!;
    const terms = this.outputs.map((values, i): Term => [weights[i]!, values]);
    return this.move(sample, timestep, timestep - this.stride, weightedSum(...(terms as [Term, ...Term[]])));
  }

  /** Formula 11. */
  private move(sample: Float32Array, from: number, to: number, output: Float32Array): Float32Array {
    const alpha = this.alphaAt(from);
    const next = this.alphaAt(to);
    const noise = predictedNoise(this.options.prediction_type, mixtureOf(alpha), sample, output);
    const divisor = alpha * Math.sqrt(1 - next) + Math.sqrt(alpha * (1 - alpha) * next);
    return weightedSum([Math.sqrt(next / alpha), sample], [-1, weightedSumOver(divisor, [next - alpha, noise])]);
  }

  private alphaAt(timestep: number): number {
    if (timestep < 0) return this.options.set_alpha_to_one ? 1 : this.alphas[0]!;
    return this.alphas[Math.min(timestep, this.alphas.length - 1)]!;
  }
}

/** Calls of three Runge-Kutta steps: each at its start, twice in the middle, at its end. */
function rungeKuttaTimesteps(last: readonly number[], half: number): number[] {
  const points = last.flatMap((timestep) => [timestep, timestep + half]);
  return points
    .slice(0, -1)
    .flatMap((point) => [point, point])
    .slice(1, -1)
    .reverse();
}

export const pndm = defineScheduler("PNDMScheduler", pndmSchema, PNDMScheduler);
