import { unknownScheduler } from "../errors/schedulers";
import type { JsonObject } from "../schema/json";
import type { OptionsSchema } from "../schema/option";
import { DDIMScheduler, ddimSchema } from "./ddim";
import { DDPMScheduler, ddpmSchema } from "./ddpm";
import { DEISMultistepScheduler, deisMultistepSchema } from "./deis-multistep";
import { DPMSolverMultistepScheduler, dpmSolverMultistepSchema } from "./dpm-solver-multistep";
import { DPMSolverSinglestepScheduler, dpmSolverSinglestepSchema } from "./dpm-solver-singlestep";
import { EDMDPMSolverMultistepScheduler, edmDpmSolverMultistepSchema } from "./edm-dpm-solver-multistep";
import { EDMEulerScheduler, edmEulerSchema } from "./edm-euler";
import { EulerAncestralDiscreteScheduler, eulerAncestralDiscreteSchema } from "./euler-ancestral-discrete";
import { EulerDiscreteScheduler, eulerDiscreteSchema } from "./euler-discrete";
import { FlowMatchEulerDiscreteScheduler, flowMatchEulerDiscreteSchema } from "./flow-match-euler-discrete";
import { FlowMatchHeunDiscreteScheduler, flowMatchHeunDiscreteSchema } from "./flow-match-heun-discrete";
import { HeunDiscreteScheduler, heunDiscreteSchema } from "./heun-discrete";
import { KDPM2AncestralDiscreteScheduler, kDpm2AncestralDiscreteSchema } from "./k-dpm-2-ancestral-discrete";
import { KDPM2DiscreteScheduler, kDpm2DiscreteSchema } from "./k-dpm-2-discrete";
import { LCMScheduler, lcmSchema } from "./lcm";
import { LMSDiscreteScheduler, lmsDiscreteSchema } from "./lms-discrete";
import { PNDMScheduler, pndmSchema } from "./pndm";
import { resolveOptions } from "./resolve-options";
import { sameResult } from "./same-result";
import type { Schedule, Scheduler } from "./scheduler";
import { TCDScheduler, tcdSchema } from "./tcd";
import { UniPCMultistepScheduler, uniPcMultistepSchema } from "./uni-pc-multistep";

/** A scheduler's options, and how it is made from them. */
export interface SchedulerEntry {
  readonly schema: OptionsSchema;
  /** @param options all of the schema's, valid by it */
  make(options: Readonly<JsonObject>, schedule: Schedule): Scheduler;
}

/** Every scheduler by its class name in diffusers. */
export const schedulers: Readonly<Record<string, SchedulerEntry>> = {
  DDIMScheduler: entry(ddimSchema, DDIMScheduler),
  DDPMScheduler: entry(ddpmSchema, DDPMScheduler),
  DEISMultistepScheduler: entry(deisMultistepSchema, DEISMultistepScheduler),
  DPMSolverMultistepScheduler: entry(dpmSolverMultistepSchema, DPMSolverMultistepScheduler),
  DPMSolverSinglestepScheduler: entry(dpmSolverSinglestepSchema, DPMSolverSinglestepScheduler),
  EDMDPMSolverMultistepScheduler: entry(edmDpmSolverMultistepSchema, EDMDPMSolverMultistepScheduler),
  EDMEulerScheduler: entry(edmEulerSchema, EDMEulerScheduler),
  EulerAncestralDiscreteScheduler: entry(eulerAncestralDiscreteSchema, EulerAncestralDiscreteScheduler),
  EulerDiscreteScheduler: entry(eulerDiscreteSchema, EulerDiscreteScheduler),
  FlowMatchEulerDiscreteScheduler: entry(flowMatchEulerDiscreteSchema, FlowMatchEulerDiscreteScheduler),
  FlowMatchHeunDiscreteScheduler: entry(flowMatchHeunDiscreteSchema, FlowMatchHeunDiscreteScheduler),
  HeunDiscreteScheduler: entry(heunDiscreteSchema, HeunDiscreteScheduler),
  KDPM2AncestralDiscreteScheduler: entry(kDpm2AncestralDiscreteSchema, KDPM2AncestralDiscreteScheduler),
  KDPM2DiscreteScheduler: entry(kDpm2DiscreteSchema, KDPM2DiscreteScheduler),
  LCMScheduler: entry(lcmSchema, LCMScheduler),
  LMSDiscreteScheduler: entry(lmsDiscreteSchema, LMSDiscreteScheduler),
  PNDMScheduler: entry(pndmSchema, PNDMScheduler),
  TCDScheduler: entry(tcdSchema, TCDScheduler),
  UniPCMultistepScheduler: entry(uniPcMultistepSchema, UniPCMultistepScheduler),
};

/** Options schemas by class name, for checking a config and for editors. */
export const schedulerSchemas: Readonly<Record<string, OptionsSchema>> = Object.fromEntries(
  Object.entries(schedulers).map(([name, { schema }]) => [name, schema]),
);

/**
 * The scheduler of one generation.
 *
 * @param className as in diffusers, such as `DDIMScheduler`
 * @param config the checkpoint's scheduler_config.json with the user's options over it
 * @throws SKIPSTEP_SCHEDULER_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_INVALID,
 *   SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT, SKIPSTEP_SCHEDULE_INVALID
 */
export function createScheduler(className: string, config: Readonly<JsonObject>, schedule: Schedule): Scheduler {
  return entryOf(className).make(schedulerOptions(className, config), schedule);
}

/**
 * The options that a config comes to, all of them: what the config leaves out has its default.
 *
 * @throws SKIPSTEP_SCHEDULER_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_UNKNOWN, SKIPSTEP_SCHEDULER_OPTION_INVALID
 */
export function schedulerOptions(className: string, config: Readonly<JsonObject>): Readonly<JsonObject> {
  return resolveOptions(className, entryOf(className).schema, config);
}

function entryOf(className: string): SchedulerEntry {
  const found = Object.hasOwn(schedulers, className) ? schedulers[className] : undefined;
  if (found === undefined)
    throw unknownScheduler(
      className,
      Object.keys(schedulers),
      Object.hasOwn(sameResult, className) ? sameResult[className] : undefined,
    );
  return found;
}

function entry<Options>(
  schema: OptionsSchema<Options>,
  Class: new (options: Options, schedule: Schedule) => Scheduler,
): SchedulerEntry {
  return {
    schema: schema as unknown as OptionsSchema,
    make: (options, schedule) => new Class(options as Options, schedule),
  };
}
