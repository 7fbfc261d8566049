import { invalidSchedule } from "../errors/schedulers";
import type { Generator } from "../random";
import { flag, integer, number, optionalNumber, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import {
  type DynamicShiftOptions,
  type Rounding,
  shiftSigma,
  shiftSigmaByMu,
  stretchToTerminal,
  timeShiftSchema,
} from "./flow-shift";
import { linspace } from "./linspace";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { type SigmaSpacingOptions, sigmaSpacing, sigmaSpacingSchemas } from "./sigma-spacing";
import { mix } from "./signal-level";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

export interface FlowMatchEulerDiscreteOptions extends DynamicShiftOptions, SigmaSpacingOptions {
  num_train_timesteps: number;
  /** Above 1 spends more steps on noisy samples. Without effect when `use_dynamic_shifting`. */
  shift: number;
  /** These four say how the pipeline gets `mu` from the image's size: see `calculateShift`. */
  base_shift: number | null;
  max_shift: number | null;
  base_image_seq_len: number;
  max_image_seq_len: number;
  /** Count noise levels up instead of down, for models that were trained so. */
  invert_sigmas: boolean;
  /** Noise level of the last call; `null` leaves it where the spacing puts it. */
  shift_terminal: number | null;
  /** Draw fresh noise at every step, as few-step models ask for. */
  stochastic_sampling: boolean;
}

export const flowMatchEulerDiscreteSchema = optionsSchema<FlowMatchEulerDiscreteOptions>({
  num_train_timesteps: trainingSteps(1000),
  shift: number(1, { exclusiveMinimum: 0, description: "Above 1 spends more steps on noisy samples." }),
  use_dynamic_shifting: flag(false, "Shift by the image's size instead of by `shift`."),
  base_shift: { type: ["number", "null"], default: 0.5 },
  max_shift: { type: ["number", "null"], default: 1.15 },
  base_image_seq_len: integer(256, { minimum: 1 }),
  max_image_seq_len: integer(4096, { minimum: 1 }),
  invert_sigmas: flag(false, "Count noise levels up instead of down."),
  shift_terminal: optionalNumber(null, { minimum: 0, maximum: 1, description: "Noise level of the last model call." }),
  time_shift_type: timeShiftSchema,
  stochastic_sampling: flag(false, "Draw fresh noise at every step."),
  ...sigmaSpacingSchemas,
});

const name = "FlowMatchEulerDiscreteScheduler";

/**
 * Euler's method on a rectified flow, https://arxiv.org/abs/2403.03206, section 2.
 *
 * | here         | paper          | is                                            |
 * | ------------ | -------------- | --------------------------------------------- |
 * | sigma        | t              | noise level: sample = (1 - sigma) image + sigma noise |
 * | model output | v = noise - x0 | the direction from image to noise             |
 * | shift        | sqrt(m / n)    | how far levels are moved towards noise        |
 */
export class FlowMatchEulerDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 1;

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: FlowMatchEulerDiscreteOptions,
    schedule: Schedule,
  ) {
    const steps = inferenceSteps(name, schedule, ["sigmas", "timesteps"]);
    const respace = sigmaSpacing(name, options);
    const shifted = this.shift(schedule, steps);
    const spaced = respace === undefined ? shifted : respace(shifted[0]!, shifted[steps - 1]!, steps);
    const levels = Float32Array.from(spaced, (sigma) => (options.invert_sigmas ? 1 - Math.fround(sigma) : sigma));

    const own = schedule.timesteps !== undefined && !options.invert_sigmas;
    this.timesteps = own
      ? Float32Array.from(schedule.timesteps)
      : levels.map((sigma) => sigma * options.num_train_timesteps);
    this.sigmas = Float32Array.of(...levels, options.invert_sigmas ? 1 : 0);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const sigma = this.sigmas[index]!;
    const next = this.sigmas[index + 1]!;
    if (!this.options.stochastic_sampling) {
      return floats(sample.shape, weightedSum([1, sample.data], [Math.fround(next - sigma), modelOutput.data]));
    }
    const image = weightedSum([1, sample.data], [-sigma, modelOutput.data]);
    const noise = drawNoise(name, generator, image);
    return floats(sample.shape, weightedSum([1 - next, image], [next, noise]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    const sigma = this.sigmas[index]!;
    return mix({ alpha: 1 - sigma, sigma }, original, noise);
  }

  /** Levels after shifting. Levels and timesteps of the caller's are float32 in the reference, and so here. */
  private shift(schedule: Schedule, steps: number): Float64Array {
    const { options } = this;
    const given = schedule.sigmas !== undefined || schedule.timesteps !== undefined;
    const round: Rounding = given ? Math.fround : (x) => x;
    const shifted = this.unshifted(schedule, steps, round).map((sigma) => this.shiftOne(sigma, schedule.mu, round));
    // 0 counts as no terminal, as in the reference.
    return options.shift_terminal ? stretchToTerminal(shifted, options.shift_terminal, round) : shifted;
  }

  private unshifted(schedule: Schedule, steps: number, round: Rounding): Float64Array {
    const train = this.options.num_train_timesteps;
    if (schedule.sigmas !== undefined) return Float64Array.from(schedule.sigmas, round);
    if (schedule.timesteps !== undefined) return Float64Array.from(schedule.timesteps, (t) => round(round(t) / train));
    const { first, last } = trainingRange(this.options);
    return linspace(first * train, last * train, steps).map((timestep) => timestep / train);
  }

  private shiftOne(sigma: number, mu: number | undefined, round: Rounding): number {
    const { use_dynamic_shifting, time_shift_type, shift } = this.options;
    if (!use_dynamic_shifting) return shiftSigma(sigma, shift, round);
    if (mu === undefined) throw invalidSchedule(name, "use_dynamic_shifting needs mu, from the image's size.");
    return shiftSigmaByMu(sigma, mu, time_shift_type, round);
  }
}

/** Noisiest and cleanest level of the training. Shifted once here and once more by the schedule, as the reference. */
export function trainingRange(options: { num_train_timesteps: number; shift: number; use_dynamic_shifting: boolean }): {
  readonly first: number;
  readonly last: number;
} {
  const shift = options.use_dynamic_shifting ? 1 : options.shift;
  const level = (sigma: number) => shiftSigma(Math.fround(sigma), shift, Math.fround);
  return { first: level(1), last: level(1 / options.num_train_timesteps) };
}

export const flowMatchEulerDiscrete = defineScheduler(
  "FlowMatchEulerDiscreteScheduler",
  flowMatchEulerDiscreteSchema,
  FlowMatchEulerDiscreteScheduler,
);
