import type { Generator } from "../random";
import { optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { ancestralStep } from "./ancestral-step";
import { defineScheduler } from "./define-scheduler";
import { drawNoise } from "./draw-noise";
import { type KDpm2Options, kDpm2Schedule, kDpm2Schemas } from "./k-dpm-2-schedule";
import type { Schedule, Scheduler } from "./scheduler";
import { addNoiseAt, direction, imageAt, initialNoise, toUnitVariance } from "./sigma-sample";
import { weightedSum } from "./weighted-sum";

export const kDpm2AncestralDiscreteSchema = optionsSchema<KDpm2Options>(kDpm2Schemas);

const name = "KDPM2AncestralDiscreteScheduler";

/**
 * DPM-Solver-2 with ancestral noise, from https://github.com/crowsonkb/k-diffusion: each step goes below the next level,
 * by way of the middle, and draws noise up to it. The last step is Euler's, so that there are `2 n - 1` calls.
 *
 * | here     | is                                                       |
 * | -------- | -------------------------------------------------------- |
 * | sigma    | noise level: sample = image + sigma noise                |
 * | up, down | as in EulerAncestralDiscreteScheduler                    |
 */
export class KDPM2AncestralDiscreteScheduler implements Scheduler {
  readonly timesteps: Float32Array;
  readonly sigmas: Float32Array;
  readonly initNoiseSigma: number;
  readonly order = 2;
  private start: Float32Array = new Float32Array();

  /** @throws SKIPSTEP_SCHEDULE_INVALID, SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT */
  constructor(
    private readonly options: KDpm2Options,
    schedule: Schedule,
  ) {
    const down = (sigma: number, next: number): number => ancestralStep(sigma, next).down;
    const { timesteps, sigmas } = kDpm2Schedule(name, options, schedule, down);
    this.timesteps = timesteps;
    this.sigmas = sigmas;
    this.initNoiseSigma = initialNoise(options.timestep_spacing, sigmas);
  }

  scaleModelInput(sample: Floats, index: number): Floats {
    return toUnitVariance(sample, this.sigmas[index]!);
  }

  step(modelOutput: Floats, index: number, sample: Floats, generator?: Generator): Floats {
    const sigma = this.sigmas[index]!;
    const next = this.sigmas[index + 1]!;
    const image = imageAt(this.options.prediction_type, sigma, sample.data, modelOutput.data);
    const towards = direction(sample.data, image, sigma);
    const isMiddle = index % 2 === 1;
    if (!isMiddle) {
      this.start = sample.data;
      return floats(sample.shape, weightedSum([1, sample.data], [next - sigma, towards]));
    }
    const from = this.sigmas[index - 1]!;
    const { up, down } = ancestralStep(from, next);
    const noise = drawNoise(name, generator, sample.data);
    return floats(sample.shape, weightedSum([1, this.start], [down - from, towards], [up, noise]));
  }

  addNoise(original: Floats, noise: Floats, index: number): Floats {
    return addNoiseAt(this.sigmas[index]!, original, noise);
  }
}

export const kDpm2AncestralDiscrete = defineScheduler(
  "KDPM2AncestralDiscreteScheduler",
  kDpm2AncestralDiscreteSchema,
  KDPM2AncestralDiscreteScheduler,
);
