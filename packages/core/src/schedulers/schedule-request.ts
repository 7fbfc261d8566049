import { invalidSchedule, schedulerOptionsConflict } from "../errors/schedulers";
import { inferenceSteps } from "./schedule-steps";
import type { Schedule } from "./scheduler";

/** A schedule as a scheduler is asked to follow it, with the errors that say whose it is. */
export interface ScheduleRequest extends Schedule {
  /** Class name of the scheduler. */
  readonly scheduler: string;
  /**
   * Checks what the caller asks for. @param takes which of the caller's own spacings can be followed
   * @param most the most steps that can be made, the training's number @returns inference steps
   * @throws SKIPSTEP_SCHEDULE_INVALID
   */
  steps(takes: readonly ("sigmas" | "timesteps")[], most?: number): number;
  /** SKIPSTEP_SCHEDULE_INVALID */
  invalid(reason: string): Error;
  /** SKIPSTEP_SCHEDULER_OPTIONS_CONFLICT @param advice `set the latter to true.` */
  conflict(options: readonly string[], advice: string): Error;
}

export function scheduleRequest(scheduler: string, schedule: Schedule): ScheduleRequest {
  return {
    ...schedule,
    scheduler,
    steps: (takes, most) => inferenceSteps(scheduler, schedule, takes, most),
    invalid: (reason) => invalidSchedule(scheduler, reason),
    conflict: (options, advice) => schedulerOptionsConflict(scheduler, options, advice),
  };
}
