import { schedulerInvalid } from "../errors/schedulers";
import type { JsonObject } from "../schema/json";
import { type OptionSchemas, type OptionsSchema, optionsSchema } from "../schema/option";
import { type Floats, floats } from "../tensor";
import { drawNoise } from "./draw-noise";
import { splitLearnedVariance } from "./learned-variance";
import { isProcess, type Process } from "./process";
import type { Call, Sampler } from "./sampler";
import { type ScheduleRequest, scheduleRequest } from "./schedule-request";
import type { Schedule, Scheduler } from "./scheduler";
import { mix } from "./signal-level";

/** One class of schedulers: its options, and how one is made from them. */
export interface SchedulerDefinition {
  /** As in `model_index.json` and `"scheduler": { "type": ... }`: `DDIMScheduler`. */
  readonly className: string;
  /** Of the models that it samples from. */
  readonly processes: readonly Process[];
  readonly schema: OptionsSchema;
  /** A scheduler for one generation. @param options all of the schema's, valid by it */
  make(options: Readonly<JsonObject>, schedule: Schedule): Scheduler;
}

/** A class of schedulers as its author writes it. */
export interface SamplerDefinition<Options> {
  /** As in diffusers where it has the scheduler, so that checkpoints find it. */
  readonly className: string;
  /** Of the models that it samples from: families choose their schedulers by it. */
  readonly processes: readonly Process[];
  /** JSON Schemas with defaults; they give `create` its types. */
  readonly options: OptionSchemas<Options>;
  /** Made anew for each generation. @throws SKIPSTEP_SCHEDULE_INVALID for a schedule that it cannot follow */
  create(options: Options, schedule: ScheduleRequest): Sampler;
}

/**
 * A class of schedulers, for `schedulers` of a plugin's manifest.
 * @throws SKIPSTEP_SCHEDULER_INVALID for authors without a type checker
 */
export function defineScheduler<Options>(definition: SamplerDefinition<Options>): SchedulerDefinition {
  const { className, processes, options, create } = definition;
  if (typeof className !== "string" || className === "")
    throw schedulerInvalid("?", 'needs a "className", as in model_index.json');
  if (!Array.isArray(processes) || processes.length === 0 || !processes.every(isProcess))
    throw schedulerInvalid(className, 'needs "processes": variance-preserving, variance-exploding, flow or trigflow');
  if (typeof options !== "object" || options === null || typeof create !== "function")
    throw schedulerInvalid(className, 'needs "options", a schema each, and "create"');
  return {
    className,
    processes,
    schema: optionsSchema(options) as unknown as OptionsSchema,
    make: (given, schedule) => schedulerOf(className, create(given as Options, scheduleRequest(className, schedule))),
  };
}

function schedulerOf(className: string, sampler: Sampler): Scheduler {
  const { timesteps, sigmas, initNoiseSigma = 1, order = 1, adaptive = false } = sampler;
  const callOf = (modelOutput: Floats, index: number, sample: Floats, noise: Call["noise"]): Call => ({
    index,
    sample: sample.data,
    ...splitLearnedVariance(modelOutput, sample),
    shape: sample.shape,
    batch: sample.shape[0]!,
    noise,
  });
  return {
    timesteps,
    sigmas,
    initNoiseSigma,
    order,
    adaptive,
    scaleModelInput: (sample, index) =>
      sampler.scaleModelInput ? floats(sample.shape, sampler.scaleModelInput(sample.data, index)) : sample,
    step: (modelOutput, index, sample, generator) => {
      const noise = () => drawNoise(className, generator, sample.data);
      return floats(sample.shape, sampler.step(callOf(modelOutput, index, sample, noise)));
    },
    ...(sampler.predictedImage && {
      predictedImage: (modelOutput, index, sample) => {
        const noise = () => drawNoise(className, undefined, sample.data);
        return floats(sample.shape, sampler.predictedImage!(callOf(modelOutput, index, sample, noise)));
      },
    }),
    ...(sampler.mixture && {
      addNoise: (original, noise, index) => mix(sampler.mixture!(index), original, noise),
    }),
  };
}
