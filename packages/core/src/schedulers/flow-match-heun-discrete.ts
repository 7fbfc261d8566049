import { number, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { defineScheduler } from "./define-scheduler";
import { trainingRange } from "./flow-match-euler-discrete";
import { shiftSigma } from "./flow-shift";
import { afterPairs, pairUp } from "./heun-pairs";
import { linspace } from "./linspace";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";
import { trainingSteps } from "./training-steps";
import { weightedSum } from "./weighted-sum";

export interface FlowMatchHeunDiscreteOptions {
  num_train_timesteps: number;
  shift: number;
}

export const flowMatchHeunDiscreteSchema = optionsSchema<FlowMatchHeunDiscreteOptions>({
  num_train_timesteps: trainingSteps(1000),
  shift: number(1, { exclusiveMinimum: 0, description: "Above 1 spends more steps on noisy samples." }),
});

const name = "FlowMatchHeunDiscreteScheduler";

/** What the first call of a step leaves to the second. */
interface Prediction {
  readonly sample: Float32Array;
  readonly direction: Float32Array;
  readonly distance: number;
}

/**
 * Heun's method (https://arxiv.org/abs/2206.00364, algorithm 1 without churn) on a rectified flow
 * (https://arxiv.org/abs/2403.03206): each step is tried with Euler and repeated with the mean of both directions.
 * The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here      | Karras et al. | is                                            |
 * | --------- | ------------- | --------------------------------------------- |
 * | sigma     | t             | noise level: sample = (1 - sigma) image + sigma noise |
 * | direction | d             | derivative of the sample by sigma             |
 */
export class FlowMatchHeunDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma = 1;
  readonly order = 2;
  private tried: Prediction | undefined;

  /** @throws SKIPSTEP_SCHEDULE_INVALID */
  constructor(options: FlowMatchHeunDiscreteOptions, schedule: Schedule) {
    const { num_train_timesteps: train, shift } = options;
    const steps = inferenceSteps(name, schedule, []);
    const { first, last } = trainingRange({ ...options, use_dynamic_shifting: false });
    const levels = Float32Array.from(linspace(first * train, last * train, steps), (t) => shiftSigma(t / train, shift));
    this.timesteps = pairUp(levels.map((sigma) => sigma * train));
    this.sigmas = afterPairs(levels, 0);
  }

  scaleModelInput(sample: Floats): Floats {
    return sample;
  }

  step(modelOutput: Floats, index: number, sample: Floats): Floats {
    const direction = modelOutput.data;
    const { tried } = this;
    if (tried === undefined) {
      const distance = this.sigmas[index + 1]! - this.sigmas[index]!;
      this.tried = { sample: sample.data, direction, distance };
      return floats(sample.shape, weightedSum([1, sample.data], [distance, direction]));
    }
    this.tried = undefined;
    const half = tried.distance / 2;
    return floats(sample.shape, weightedSum([1, tried.sample], [half, tried.direction], [half, direction]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    const sigma = this.sigmas[index]!;
    return mix({ alpha: 1 - sigma, sigma }, original, noise);
  }
}

export const flowMatchHeunDiscrete = defineScheduler(
  "FlowMatchHeunDiscreteScheduler",
  flowMatchHeunDiscreteSchema,
  FlowMatchHeunDiscreteScheduler,
);
